"""Writes `starts.yaml` beside the word lists and the rules: the first letters with which something
can begin that they find, so that a search skips the rest of a text at once.

`python -m training.starts` after every change of those lists; a test says when it was forgotten.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import Any

import yaml

from frontdesk.guardrails.abuse import english, korean, threats
from frontdesk.guardrails.injection import rules

GUARDRAILS = Path(__file__).parent.parent / "src/frontdesk/guardrails"
HEAD = "# Made by training/starts.py: how what is found can begin. Do not edit.\n"
ANY = r"\s\S"
# The parser of the standard library has no public name since `sre_parse` is deprecated.
_parser: Any = re._parser  # type: ignore[attr-defined]
_CATEGORIES = {
    "CATEGORY_DIGIT": r"\d", "CATEGORY_WORD": r"\w", "CATEGORY_SPACE": r"\s",
    "CATEGORY_NOT_DIGIT": r"\D", "CATEGORY_NOT_WORD": r"\W", "CATEGORY_NOT_SPACE": r"\S",
}  # fmt: skip

Prefix = tuple[str, ...]
"""For each of the first letters what may stand in the brackets of a character class."""


def starts() -> Mapping[str, Mapping[str, str]]:
    """What stands in the files, by folder."""
    found = {
        "abuse": (korean.patterns(), {"english": english.pattern()}, threats.patterns()),
        "injection": (rules.patterns(),),
    }
    return {
        folder: {name: begin(pattern, 3) for part in parts for name, pattern in part.items()}
        for folder, parts in found.items()
    }


def begin(pattern: str, letters: int) -> str:
    """A pattern that holds wherever this one does, made of its first letters."""
    prefixes = set(_prefixes(_parser.parse(pattern, re.MULTILINE), letters))
    firsts = {prefix[0] for prefix in prefixes if prefix}
    if any("가" <= first <= "힣" for first in firsts):
        # One character class first is much the quickest where most letters are none of these.
        return f"[{''.join(sorted(firsts))}](?<=(?={_trie(prefixes)}).)"
    return _trie(prefixes)


def _trie(prefixes: set[Prefix]) -> str:
    if () in prefixes:
        return ""
    after: dict[str, set[Prefix]] = {}
    for first, *rest in prefixes:
        after.setdefault(first, set()).add(tuple(rest))
    alike: dict[str, list[str]] = {}
    for first, following in after.items():
        alike.setdefault(_trie(following), []).append(first)
    ways = sorted(f"[{''.join(sorted(firsts))}]{then}" for then, firsts in alike.items())
    return ways[0] if len(ways) == 1 else f"(?:{'|'.join(ways)})"


def _prefixes(parsed: Iterable[Any], letters: int) -> set[Prefix]:
    found: set[Prefix] = {()}
    for operation, value in parsed:
        if all(len(prefix) >= letters for prefix in found):
            break
        found = _then(found, _one(str(operation), value, letters), letters)
    return found


def _then(found: set[Prefix], more: set[Prefix], letters: int) -> set[Prefix]:
    short = {prefix for prefix in found if len(prefix) < letters}
    return (found - short) | {(*a, *b)[:letters] for a, b in product(short, more)}


def _one(operation: str, value: Any, letters: int) -> set[Prefix]:
    """How one part of a pattern can begin; () where it can be empty."""
    if operation in ("ASSERT", "ASSERT_NOT", "AT"):
        return {()}
    if operation == "SUBPATTERN":
        return _prefixes(value[3], letters)
    if operation == "BRANCH":
        return set().union(*(_prefixes(way, letters) for way in value[1]))
    if operation in ("MAX_REPEAT", "MIN_REPEAT"):
        return _repeated(value, letters)
    return {(each,) for each in _characters(operation, value)}


def _repeated(value: Any, letters: int) -> set[Prefix]:
    least, most, part = value
    once = _prefixes(part, letters)
    found: set[Prefix] = {()} if least == 0 else set()
    so_far: set[Prefix] = {()}
    for _ in range(min(int(most), letters)):
        so_far = _then(so_far, once, letters)
        found |= so_far
    return found


def _characters(operation: str, value: Any) -> Iterator[str]:
    if operation == "LITERAL":
        yield re.escape(chr(value))
    elif operation == "IN" and str(value[0][0]) != "NEGATE":
        for kind, each in value:
            yield from _members(str(kind), each)
    elif operation == "IN" and ("CATEGORY_WORD" in str(value)):
        yield r"\W"
    else:
        yield ANY


def _members(kind: str, value: Any) -> Iterator[str]:
    if kind == "RANGE" and value[1] - value[0] > 200:
        yield f"{chr(value[0])}-{chr(value[1])}"
    elif kind == "RANGE":
        yield from (re.escape(chr(each)) for each in range(value[0], value[1] + 1))
    elif kind == "CATEGORY":
        yield _CATEGORIES[str(value)]
    else:
        yield re.escape(chr(value))


def write() -> None:
    """Writes the files."""
    for folder, found in starts().items():
        text = HEAD + yaml.safe_dump(dict(found), allow_unicode=True, width=100)
        GUARDRAILS.joinpath(folder, "starts.yaml").write_text(text, "utf-8")


if __name__ == "__main__":
    write()
