"""Text as it is compared: spellings that look the same made one, each character with its place in
the original.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

# Beyond this many marks on one letter nothing composes; it bounds the work on hostile text.
LONGEST_CLUSTER = 32


@dataclass(frozen=True, slots=True)
class Folded:
    """A folded text; character i came from `original[starts[i]:ends[i]]`."""

    text: str
    starts: Sequence[int]
    ends: Sequence[int]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where the folded characters `start` to `end` stand in the original."""
        return self.starts[start], self.ends[end - 1]


def fold(text: str) -> Folded:
    """The text without invisible characters, in NFKC and with its case folded."""
    if text.isascii():
        return Folded(text.lower(), range(len(text)), range(1, len(text) + 1))
    folded: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for start, end, cluster in _clusters(text):
        form = _nfkc(_nfkc(cluster).casefold())
        folded.append(form)
        starts += [start] * len(form)
        ends += [end] * len(form)
    return Folded("".join(folded), starts, ends)


def invisible(char: str) -> bool:
    """Whether the character has no shape: zero-width, bidi and tag characters, the soft hyphen."""
    return unicodedata.category(char) == "Cf"


def seen(text: str) -> bool:
    """Whether the text has a character that is not invisible."""
    return not all(invisible(char) for char in text)


def step_back(text: str, end: int, count: int) -> int:
    """The place `count` visible characters before `end`, or the beginning."""
    stretch = text[max(0, end - count) : end]
    if stretch.isascii() or stretch.isprintable():
        return end - len(stretch)
    while end > 0 and count > 0:
        end -= 1
        count -= not invisible(text[end])
    return end


def _clusters(text: str) -> Iterator[tuple[int, int, str]]:
    """The stretches that compose to characters of their own: (start, end, visible characters)."""
    start = end = 0
    cluster = ""
    for at, char in enumerate(text):
        if invisible(char):
            continue
        if cluster and _joins(cluster, char):
            cluster += char
        else:
            if cluster:
                yield start, end, cluster
            start, cluster = at, char
        end = at + 1
    if cluster:
        yield start, end, cluster


def _joins(cluster: str, char: str) -> bool:
    if char.isascii() or "가" <= char <= "힣" or len(cluster) >= LONGEST_CLUSTER:
        return False
    if unicodedata.combining(char):
        return True
    return _nfkc(cluster + char) != _nfkc(cluster) + _nfkc(char)


def _nfkc(text: str) -> str:
    return unicodedata.normalize("NFKC", text)
