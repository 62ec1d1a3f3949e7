"""Cutting Korean text into known words, filler and the rest, however it is spaced."""

from collections.abc import Iterator, Set
from dataclasses import dataclass
from typing import Literal, TypeAlias

from frontdesk.preprocess.faq.words import Filler

Kind = Literal["word", "filler", "unknown"]
Piece: TypeAlias = tuple[str, Kind]

COST = {"word": 2, "filler": 3, "unknown": 10}
LONGEST = 10


@dataclass(frozen=True, slots=True)
class _Way:
    """The cheapest way to a place in the text: its last piece, and the way before it."""

    cost: int
    piece: str = ""
    kind: Kind = "filler"
    before: "_Way | None" = None


@dataclass(frozen=True, slots=True)
class Cutter:
    """Cuts by a list of words: as few unknown syllables as possible, then as few pieces."""

    words: Set[str]
    filler: Filler

    def cut(self, run: str) -> list[Piece]:
        """The pieces of Hangul words parted by spaces; unknown syllables in a row are one piece."""
        text, starts = _joined(run)
        ways: list[dict[Kind, _Way]] = [{} for _ in range(len(text) + 1)]
        ways[0]["filler"] = _Way(0)
        for at in range(len(text)):
            for way in ways[at].values():
                for piece, kind in self._next(text, at, way.kind, at in starts):
                    there = ways[at + len(piece)]
                    new = _Way(way.cost + COST[kind], piece, kind, way)
                    if kind not in there or new.cost < there[kind].cost:
                        there[kind] = new
        return _pieces(min(ways[-1].values(), key=lambda way: way.cost), starts)

    def _next(self, text: str, at: int, last: Kind, start: bool) -> Iterator[Piece]:
        # Behind filler nothing unknown begins inside a word, or filler would eat half a noun.
        if start or last != "filler":
            yield text[at], "unknown"
        for end in range(at + 1, min(at + LONGEST, len(text)) + 1):
            piece = text[at:end]
            ending = not start and piece in self.filler.endings
            if (
                piece in self.words
                and (start or len(piece) > 1 or last != "unknown")
                and not ending
            ):
                yield piece, "word"
            if ending or piece in self.filler.korean:
                yield piece, "filler"


def _joined(run: str) -> tuple[str, frozenset[int]]:
    words = run.split()
    lengths = [len(word) for word in words]
    return "".join(words), frozenset(sum(lengths[:count]) for count in range(len(lengths)))


def _pieces(way: _Way, starts: Set[int]) -> list[Piece]:
    steps: list[_Way] = []
    while way.before is not None:
        steps.append(way)
        way = way.before
    pieces: list[Piece] = []
    at = 0
    for step in reversed(steps):
        if step.kind == "unknown" and at not in starts and pieces[-1][1] == "unknown":
            pieces[-1] = (pieces[-1][0] + step.piece, "unknown")
        else:
            pieces.append((step.piece, step.kind))
        at += len(step.piece)
    return pieces
