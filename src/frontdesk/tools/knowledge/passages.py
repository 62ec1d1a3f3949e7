"""Passages: what a file says under each of its headings, in pieces that a model can read."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

MOST_WORDS = 150

_FENCE = re.compile(r" {0,3}(```|~~~)")
_HEADING = re.compile(r" {0,3}(#{1,6})[ \t]+(.*)")
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_PIECE = re.compile(r"\s*\S{1,40}")  # a word, or a part of what has no spaces


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a file; `trail` are the headings above it, the nearest last."""

    trail: tuple[str, ...]
    text: str

    @property
    def anchor(self) -> str:
        """The nearest heading as it stands in addresses: `Return period` -> `#return-period`."""
        if not self.trail:
            return ""
        plain = re.sub(r"[^\w\s-]", "", self.trail[-1].lower())
        return "#" + re.sub(r"\s+", "-", plain.strip())


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of a file; level 1 is the highest."""

    level: int
    text: str


def markdown(text: str) -> Iterator[Heading | str]:
    """The headings of a Markdown text and the lines between them, as written."""
    fence = ""
    for line in _COMMENT.sub("", text).splitlines():
        if mark := _FENCE.match(line):
            fence = "" if fence == mark[1] else fence or mark[1]
        found = None if fence else _HEADING.match(line)
        yield Heading(len(found[1]), found[2].rstrip(" \t#")) if found else line


def passages(parts: Iterable[Heading | str]) -> Iterator[Passage]:
    """The passages of a file, which is given as headings and the lines of text between them."""
    trail: list[Heading] = []
    lines: list[str] = []
    for part in parts:
        if isinstance(part, str):
            lines.append(part)
            continue
        yield from _split(trail, lines)
        lines = []
        trail = [*(each for each in trail if each.level < part.level), part]
    yield from _split(trail, lines)


def _split(trail: list[Heading], lines: list[str]) -> Iterator[Passage]:
    headings = tuple(each.text for each in trail if each.text)
    pieces: list[str] = []
    for paragraph in re.split(r"\n\s*\n", "\n".join(lines)):
        more = _PIECE.findall("\n\n" + paragraph.rstrip())
        if pieces and len(pieces) + len(more) > MOST_WORDS:
            yield Passage(headings, "".join(pieces).strip())
            pieces = []
        pieces += more
        while len(pieces) > MOST_WORDS:
            yield Passage(headings, "".join(pieces[:MOST_WORDS]).strip())
            pieces = pieces[MOST_WORDS:]
    if pieces:
        yield Passage(headings, "".join(pieces).strip())
