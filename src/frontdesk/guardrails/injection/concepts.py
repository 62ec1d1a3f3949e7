"""What words are about, whatever the language; see `concepts.yaml`.

Attacks are put in ever new words, but what they are about stays: rules, that are void, or a prompt,
that is to be told. So the classifier also learns what stands close together.
"""

import re
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import combinations
from zlib import crc32

import yaml

BUCKETS = (1 << 18) - 1
NEAR, RECENT = 12, 4
WORTH = 2


@dataclass(frozen=True, slots=True)
class Lexicon:
    """The concepts' numbers by name, and the words of each."""

    numbers: dict[str, int]
    latin: re.Pattern[str]
    korean: re.Pattern[str]


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
        hit = known.latin.match(word)
        return (known.numbers[hit.lastgroup],) if hit and hit.lastgroup else ()
    names = dict.fromkeys(hit.lastgroup for hit in known.korean.finditer(word))
    return tuple(known.numbers[name] for name in names if name)


def _bucket(number: int) -> int:
    return crc32(number.to_bytes(8, "little")) & BUCKETS


@cache
def lexicon() -> Lexicon:
    """Reads the words that ship with the package."""
    path = files("frontdesk.guardrails.injection").joinpath("concepts.yaml")
    data = yaml.safe_load(path.read_text("utf-8"))
    latin = "|".join(f"(?P<{name}>{_any(words['latin'])})" for name, words in data.items())
    korean = "|".join(f"(?P<{name}>{_any(words['korean'])})" for name, words in data.items())
    numbers = {name: crc32(name.encode()) for name in data}
    endings = r"(?:s|es|ed|d|ing|ion|ions|ation|e|y|ies|ting|ted|ping|ped|ance|able)?"
    return Lexicon(numbers, re.compile(rf"(?:{latin}){endings}$"), re.compile(korean))


def _any(words: str) -> str:
    return "|".join(sorted(words.split(), key=len, reverse=True))
