"""What the detectors find in sets of texts: `python -m bench.guard_sets SPEC...`

A SPEC is `DETECTOR:yes|no:NAME:FILE[:FIELD[:LABEL=VALUE]]`: which detector looks (abuse, injection,
personal or secrets), whether it should find something, and where the texts are. FILE may be JSON
Lines, JSON, CSV, TSV, or Markdown (its paragraphs), or a folder of Markdown files; FIELD names (or
counts from 0) the column, LABEL and VALUE choose rows. The sets are no part of frontdesk; docs say
where they come from.
"""

import csv
import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from bench.tables import Cell, table
from frontdesk.guardrails import abuse, injection, personal, secrets
from frontdesk.guardrails.normal import Normal

_DETECTORS = {
    "abuse": abuse.find,
    "injection": injection.find,
    "personal": personal.find,
    "secrets": secrets.find,
}
_PARAGRAPHS = re.compile(r"\n\s*\n")
_SEPARATORS = {".csv": ",", ".tsv": "\t", ".txt": "|"}
SHORTEST_PARAGRAPH = 40
PASSING = {"injection_suspected", "business_number"}
"""What the default policy does not stop or redact."""


@dataclass(frozen=True, slots=True)
class Spec:
    """One set: see the module."""

    detector: str
    wanted: bool
    name: str
    path: Path
    field: str
    chosen: str


def spec(text: str) -> Spec:
    """Reads one SPEC; raises ValueError where it has too few parts."""
    detector, wanted, name, path, *rest = text.split(":")
    field, chosen = (*rest, *("text", "")[len(rest) :])
    return Spec(detector, wanted == "yes", name, Path(path), field, chosen)


def texts(one: Spec) -> Iterator[str]:
    """The texts of a set."""
    if one.path.is_dir() or one.path.suffix == ".md":
        yield from _markdown(one.path)
        return
    label, _, value = one.chosen.partition("=")
    for row in _rows(one.path):
        if not label or str(row.get(label)) == value:
            yield str(row[one.field])


def measured(one: Spec) -> Mapping[str, Cell]:
    """One line of the table."""
    every = list(dict.fromkeys(texts(one)))
    find = _DETECTORS[one.detector]
    begun = perf_counter()
    found = [{finding.category for finding in find(Normal(text))} for text in every]
    took = perf_counter() - begun
    kilobytes = sum(len(text.encode()) for text in every) / 1000
    stopped = sum(bool(each - PASSING) for each in found)
    return {
        "set": one.name,
        "looked for": one.detector,
        "should be found": "yes" if one.wanted else "no",
        "rows": len(every),
        "stopped or redacted %": round(100 * stopped / len(every), 1),
        "or suspected %": round(100 * sum(map(bool, found)) / len(every), 1),
        "ms per kB": round(1000 * took / kilobytes, 2),
    }


def _rows(path: Path) -> Iterator[Mapping[str, object]]:
    text = path.read_text("utf-8-sig")
    if path.suffix == ".jsonl":
        yield from (_named(json.loads(line)) for line in text.splitlines() if line.strip())
    elif path.suffix == ".json":
        yield from map(_named, json.loads(text))
    else:
        yield from _lines(text.splitlines(), _SEPARATORS[path.suffix])


def _lines(lines: list[str], separator: str) -> Iterator[Mapping[str, object]]:
    """Each line with its columns under their names and their numbers."""
    parsed = list(csv.reader(lines, delimiter=separator, quotechar='"'))
    for row in parsed:
        yield {str(at): value for at, value in enumerate(row)} | dict(
            zip(parsed[0], row, strict=False)
        )


def _named(row: object) -> Mapping[str, object]:
    return row if isinstance(row, Mapping) else {"text": row}


def _markdown(path: Path) -> Iterator[str]:
    pages: Iterable[Path] = sorted(path.rglob("*.md")) if path.is_dir() else [path]
    for page in pages:
        for paragraph in _PARAGRAPHS.split(page.read_text("utf-8")):
            if len(paragraph.strip()) >= SHORTEST_PARAGRAPH:
                yield paragraph.strip()


if __name__ == "__main__":
    print(table([measured(spec(text)) for text in sys.argv[1:]]))
