"""What words are about, whatever the language; see `concepts.yaml`.

Attacks are put in ever new words, but what they are about stays: rules, that are void, or a prompt,
that is to be told. So the classifier also learns what stands close together.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import combinations
from zlib import crc32

import yaml

BUCKETS = (1 << 18) - 1
NEAR, RECENT = 12, 4
WORTH = 2
LONGEST_STEM, LONGEST_ENDING = 5, 5
ENDINGS = frozenset(
    {
        "",
        "s",
        "es",
        "ed",
        "d",
        "ing",
        "ion",
        "ions",
        "ation",
        "e",
        "y",
        "ies",
        "ting",
        "ted",
        "ping",
        "ped",
        "ance",
        "able",
    }
)


@dataclass(frozen=True, slots=True)
class Lexicon:
    """The number of the concept of each stem."""

    latin: dict[str, int]
    korean: dict[str, int]


class Recent:
    """What the last words of a text were about."""

    def __init__(self) -> None:
        self._last: deque[tuple[int, int]] = deque(maxlen=RECENT)

    def met(self, about: Sequence[int], place: int) -> list[int]:
        """The buckets of these concepts, at the word `place`, alone, in pairs and threes with those
        shortly before, in any order.
        """
        found: list[int] = []
        for own in about:
            near = {before for at, before in self._last if place - at <= NEAR and before != own}
            found += [own & BUCKETS]
            found += [_bucket(own + other) for other in near]
            found += [_bucket(own + one + other) for one, other in combinations(near, 2)]
            self._last.append((place, own))
        return found * WORTH


def concepts(word: str) -> tuple[int, ...]:
    """What the word is about; most are about nothing of it."""
    known = lexicon()
    if word.isascii():
        stems = (word[: len(word) - cut] for cut in range(LONGEST_ENDING + 1))
        ends = (stem for stem in stems if stem in known.latin and word[len(stem) :] in ENDINGS)
        stem = next(ends, None)
        return (known.latin[stem],) if stem else ()
    return tuple(dict.fromkeys(_stems(word, known.korean)))


def _stems(word: str, known: dict[str, int]) -> Iterator[int]:
    at = 0
    while at < len(word):
        for end in range(min(len(word), at + LONGEST_STEM), at, -1):
            if (number := known.get(word[at:end])) is not None:
                yield number
                at = end - 1
                break
        at += 1


def _bucket(number: int) -> int:
    return crc32(number.to_bytes(8, "little")) & BUCKETS


@cache
def lexicon() -> Lexicon:
    """Reads the words that ship with the package; one that stands twice is what it is first."""
    path = files("frontdesk.guardrails.injection").joinpath("concepts.yaml")
    data: dict[str, dict[str, str]] = yaml.safe_load(path.read_text("utf-8"))
    known = Lexicon({}, {})
    for name, words in data.items():
        for script, table in (("latin", known.latin), ("korean", known.korean)):
            for word in words[script].split():
                table.setdefault(word, crc32(name.encode()))
    return known
