"""Reading a FAQ from its file: Markdown with a heading per entry, or a YAML list of entries."""

import re
from collections.abc import Iterator, Mapping
from itertools import combinations
from pathlib import Path
from typing import Any

import yaml

from frontdesk.contract.errors import PluginError
from frontdesk.contract.text import folded
from frontdesk.preprocess.faq.entries import Entry, entry_of
from frontdesk.preprocess.faq.lexicon import lexicon_of

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_FENCED = re.compile(r"\s*(`{3,}|~{3,})[^\n]*\n(.*?)^\1[ \t]*$(.*)", re.DOTALL | re.MULTILINE)
_BLANK = re.compile(r"\n[ \t]*\n")


def read_faq(path: Path) -> tuple[Entry, ...]:
    """The entries of a file: YAML if it is named so, otherwise Markdown.

    Raises:
        PluginError: the file cannot be read or an entry is wrong; it says which and what to do.
    """
    text = _text(path)
    yaml_file = path.suffix.lower() in {".yaml", ".yml"}
    entries: list[Entry] = []
    for number, fields in enumerate(_listed(path, text) if yaml_file else _headed(path, text), 1):
        try:
            entries.append(entry_of(fields))
        except PluginError as error:
            place = f"{path.name}, entry {fields.get('id') or number}"
            raise PluginError(f"{place}: {error.detail}.") from None
    if not entries:
        raise PluginError(f"{path.name} has no entries: write each below a heading `## its-id`.")
    _distinct(path, entries)
    _telling(path, entries)
    return tuple(entries)


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise PluginError(f"{path.name} is not UTF-8; save it in that encoding.") from None
    except OSError as error:
        raise PluginError(
            f"The FAQ {path} cannot be read ({error.strerror}); check its path and permissions."
        ) from None


def _headed(path: Path, text: str) -> Iterator[Mapping[str, Any]]:
    for name, body in _sections(text):
        block, answer = _parted(body)
        fields = _yaml(f"{path.name}, entry {name}", block)
        if not isinstance(fields, dict):
            raise PluginError(
                f"{path.name}, entry {name}: below the heading stand its fields, "
                "such as `phrasings: What are your opening hours?`."
            )
        yield {**fields, "id": name, "answer": answer}


def _parted(body: str) -> tuple[str, str]:
    """The block of fields, fenced or up to the first blank line, and the answer."""
    if found := _FENCED.match(body):
        return found[2], found[3]
    block, *rest = _BLANK.split(body.lstrip("\n"), maxsplit=1)
    return block, "".join(rest)


def _sections(text: str) -> Iterator[tuple[str, str]]:
    """Each second-level heading with what is below it; headings in fenced code are none."""
    name, lines, fence = "", [""], ""
    for line in text.splitlines():
        mark = _FENCE.match(line)
        if mark and (not fence or mark[1].startswith(fence)):
            fence = "" if fence else mark[1]
        if line.startswith("## ") and not fence:
            if name:
                yield name, "\n".join(lines)
            name, lines = line[3:].strip(), []
        else:
            lines.append(line)
    if name:
        yield name, "\n".join(lines)


def _listed(path: Path, text: str) -> list[Mapping[str, Any]]:
    entries = _yaml(path.name, text)
    if isinstance(entries, list) and all(isinstance(each, dict) for each in entries):
        return entries
    raise PluginError(f"{path.name} must be a list: begin each entry with `- id: its-id`.")


def _yaml(place: str, text: str) -> Any:
    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError) as error:  # a date such as 2026-02-30 is a ValueError
        problem = getattr(error, "problem", None) or error
        mark = getattr(error, "problem_mark", None)
        line = f" in line {mark.line + 1} of it" if mark else ""
        raise PluginError(
            f'{place}: its YAML is wrong{line} ({problem}); put its texts into "...".'
        ) from None


def _distinct(path: Path, entries: list[Entry]) -> None:
    for one, other in combinations(entries, 2):
        if not one.meets(other):
            continue
        if one.id == other.id:
            raise PluginError(
                f"{path.name} has two entries {one.id} for one language and day; rename one."
            )
        if twice := {*map(folded, one.phrasings)} & {*map(folded, other.phrasings)}:
            raise PluginError(
                f"{path.name}: {one.id} and {other.id} share the phrasing {min(twice)!r}, "
                "so neither could answer it; remove it from one."
            )


def _telling(path: Path, entries: list[Entry]) -> None:
    lexicon = lexicon_of(entries)
    for entry in entries:
        for phrasing in entry.phrasings:
            if not lexicon.read(phrasing).known:
                raise PluginError(
                    f"{path.name}, entry {entry.id}: the phrasing {phrasing!r} names no subject, "
                    "in Korean or English; write what it is about."
                )
