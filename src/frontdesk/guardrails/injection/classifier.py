"""A small classifier of our own: logistic regression over hashed letter groups, in plain Python.

A text is cut into words; each adds the weights of the letter groups in it, of itself, of itself
after the word before, and of what it is about together with what the words before it are about. The
score of a window of words is their sum, divided by the square root of their number, through the
logistic function. `training/train.py` makes the weights.
"""

import json
import re
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache, partial
from importlib.resources import files
from itertools import accumulate
from math import exp, sqrt
from zlib import crc32

from frontdesk.guardrails.injection.concepts import Recent, concepts

BITS = 18
MASK = (1 << BITS) - 1
WINDOW, STEP = 120, 40
FEWEST = 4
"""Fewer words say nothing; the rules look at them."""

_HANGUL = re.compile("[가-힣]")
LONGEST = 24
_WORD = re.compile(rf"\w{{1,{LONGEST}}}")


def _parts(*sizes: int) -> list[list[slice]]:
    """Where the groups of so many letters stand in a word between two marks, by its length, at two
    bytes a letter; rare letters count twice.
    """
    return [
        [slice(2 * at, 2 * (at + size)) for size in sizes for at in range(length + 3 - size)]
        for length in range(2 * LONGEST + 1)
    ]


_LATIN, _OTHERS = _parts(3, 5), _parts(1, 2, 3)


Word = tuple[int, int, int, tuple[int, ...]]
"""The number of a word, its weight and that of how many buckets it is, and its concepts."""
REMEMBERED = 16_384


@dataclass(frozen=True)
class Model:
    """The weights (one small integer a bucket, `scale` each) and the bias."""

    weights: Sequence[int]
    scale: float
    bias: float

    @cached_property
    def word(self) -> Callable[[str], Word]:
        """What a word weighs; the `REMEMBERED` words last met are not weighed anew."""
        return lru_cache(maxsize=REMEMBERED)(partial(_weighed, weights=self.weights))


@dataclass(frozen=True, slots=True)
class Limits:
    """From which score on a window is suspected (`high`) and blocked (`very_high`)."""

    high: float
    very_high: float


# Chosen, not fitted: few of the innocent rows held back in training stand above the upper one. In
# Korean there were fewer attacks to learn from, so all scores are lower.
KOREAN, OTHERS = Limits(0.4, 0.55), Limits(0.5, 0.75)


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of the text (`start`, `end`) and how likely it is an injection, 0 to 1."""

    start: int
    end: int
    score: float


def windows(text: str, model: Model) -> Iterator[Window]:
    """The scores of the text's windows of `WINDOW` words, one every `STEP` words."""
    words = word_spans(text)
    if len(words) < FEWEST:
        return
    sums, counts = _sums([word.group() for word in words], model)
    for first in range(0, max(1, len(words) - WINDOW + STEP), STEP):
        last = min(first + WINDOW, len(words))
        count = counts[last] - counts[first]
        if count:
            z = (sums[last] - sums[first]) * model.scale / sqrt(count) + model.bias
            yield Window(words[first].start(), words[last - 1].end(), 1 / (1 + exp(-z)))


def word_spans(text: str) -> list[re.Match[str]]:
    """The words of a text without marks, which say nothing; a very long one counts as several."""
    return list(_WORD.finditer(text))


def letters(word: str) -> tuple[int, list[int]]:
    """The number of a word, which masked is its own bucket, and the buckets of the letter groups in
    it.
    """
    coded = f"<{word}>".encode("utf-16-le")
    parts = (_LATIN if word.isascii() else _OTHERS)[len(coded) // 2 - 2]
    return crc32(coded[2:-2]), [crc32(coded[part]) & MASK for part in parts]


def pair(before: int, own: int) -> int:
    """The bucket of a word after another, from the first number of each."""
    return crc32(b"+", own ^ (before << 1 & 0xFFFFFFFF)) & MASK


def _weighed(word: str, weights: Sequence[int]) -> Word:
    own, found = letters(word)
    weight = weights[own & MASK] + sum([weights[at] for at in found])
    return own, weight, len(found) + 2, concepts(word)


def _sums(words: list[str], model: Model) -> tuple[list[int], list[int]]:
    """The running sums of weights and of numbers of buckets, word by word."""
    sums, counts, before, recent, weights = [0], [0], 0, Recent(), model.weights
    for own, weight, count, about in map(model.word, words):
        weight += weights[pair(before, own)]
        if about:
            together = recent.met(about, len(sums))
            weight += sum(map(weights.__getitem__, together))
            count += len(together)
        sums.append(weight)
        counts.append(count)
        before = own
    return list(accumulate(sums)), list(accumulate(counts))


@cache
def model() -> Model:
    """Reads the weights that ship with the package."""
    folder = files("frontdesk.guardrails.injection")
    numbers = json.loads(folder.joinpath("weights.json").read_text("utf-8"))
    weights = array("b", folder.joinpath("weights.bin").read_bytes())
    return Model(weights, numbers["scale"], numbers["bias"])


def in_korean(text: str) -> bool:
    """Whether the text has Korean letters, so that the Korean limits are for it."""
    return bool(_HANGUL.search(text))
