"""What words are about, whatever the language; see `concepts.yaml`.

Attacks are put in ever new words, but what they are about stays: rules, that are void, or a prompt,
that is to be told. So the classifier also learns what stands close together.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from itertools import combinations
from zlib import crc32

import yaml

BUCKETS = (1 << 18) - 1
NEAR, RECENT = 12, 4
WORTH = 2
LONGEST_STEM = 5
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
    """The number of the concept of each Latin word, its endings among them, and of each Korean
    stem; and what stems begin with.
    """

    latin: dict[str, int]
    korean: dict[str, int]
    first: frozenset[str]


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
            near = frozenset([before for at, before in self._last if place - at <= NEAR])
            found += _together(own, near)
            self._last.append((place, own))
        return found


def concepts(word: str) -> tuple[int, ...]:
    """What the word is about; most are about nothing of it."""
    known = lexicon()
    if word.isascii():
        number = known.latin.get(word)
        return () if number is None else (number,)
    if known.first.isdisjoint(word):
        return ()
    return tuple(dict.fromkeys(_stems(word, known)))


def _stems(word: str, known: Lexicon) -> Iterator[int]:
    after = 0
    for at, char in enumerate(word):
        if at < after or char not in known.first:
            continue
        for end in range(min(len(word), at + LONGEST_STEM), at, -1):
            if (number := known.korean.get(word[at:end])) is not None:
                yield number
                after = end
                break


@lru_cache(maxsize=4096)
def _together(own: int, near: frozenset[int]) -> list[int]:
    others = near - {own}
    pairs = [_bucket(own + other) for other in others]
    threes = [_bucket(own + one + other) for one, other in combinations(others, 2)]
    return [own & BUCKETS, *pairs, *threes] * WORTH


def _bucket(number: int) -> int:
    return crc32(number.to_bytes(8, "little")) & BUCKETS


@cache
def lexicon() -> Lexicon:
    """Reads the words that ship with the package; one that stands twice is what it is first."""
    path = files("frontdesk.guardrails.injection").joinpath("concepts.yaml")
    data: dict[str, dict[str, str]] = yaml.safe_load(path.read_text("utf-8"))
    stems: dict[str, dict[str, int]] = {"latin": {}, "korean": {}}
    for name, words in data.items():
        for script, table in stems.items():
            for word in words[script].split():
                table.setdefault(word, crc32(name.encode()))
    korean = stems["korean"]
    return Lexicon(_ended(stems["latin"]), korean, frozenset(stem[0] for stem in korean))


def _ended(stems: dict[str, int]) -> dict[str, int]:
    """All words of the stems; one that is of two is of the longer one."""
    longest_last = sorted(stems.items(), key=lambda each: len(each[0]))
    return {stem + ending: number for stem, number in longest_last for ending in ENDINGS}
