"""Text as it is compared: spellings that look the same made one, each character with its place in
the original.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from frontdesk.guardrails.jamo import SYLLABLE, syllable
from frontdesk.guardrails.lookalikes import LOOKALIKES

# Beyond this many marks on one letter nothing composes; it bounds the work on hostile text.
LONGEST_CLUSTER = 32

# What is folded by `lower` alone, as long as nothing odd follows that may compose with it.
_PLAIN = re.compile(r"[\x00-\x7fぁ-ゖァ-ヺ一-鿿가-힣]+")
# Without a shape of their own though no format characters: joiners, fillers, strokes through the
# letter before, selectors, the frame of keycaps.
_SHAPELESS = re.compile(
    "[\u034f\u0334-\u0338\u115f\u1160\u17b4\u17b5\u180b-\u180f\u20dd-\u20e4\u2800\u3164"
    "\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
# Besides combining characters, only here are characters that compose with the one before.
_MAY_COMPOSE = re.compile(
    "[\u0900-\u10ff\u1160-\u11ff\u1b00-\u1bff\ud7b0-\ud7ff\uff9e\uff9f\U00011000-\U00011fff]"
)
_TAGS = range(0xE0020, 0xE007F)
_NARROW_JAMO = range(0xFFA1, 0xFFDD)


@dataclass(frozen=True, slots=True)
class Folded:
    """A folded text; character i came from `original[starts[i]:ends[i]]`."""

    text: str
    starts: Sequence[int]
    ends: Sequence[int]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where the folded characters `start` to `end` stand in the original."""
        return self.starts[start], self.ends[end - 1]

    def kept(self, places: Sequence[int]) -> "Folded":
        """With the characters at these places only."""
        return Folded(
            "".join([self.text[at] for at in places]),
            [self.starts[at] for at in places],
            [self.ends[at] for at in places],
        )

    def substituted(self, changes: Iterable[tuple[int, int, str]]) -> "Folded":
        """With other characters for some stretches (start, end, characters), which are in order and
        disjoint; each new character stands for the whole stretch. Without changes, the view itself.
        """
        pieces: list[str] = []
        starts: list[int] = []
        ends: list[int] = []
        at = 0
        for start, end, new in changes:
            pieces += [self.text[at:start], new]
            starts += [*self.starts[at:start], *[self.starts[start]] * len(new)]
            ends += [*self.ends[at:start], *[self.ends[end - 1]] * len(new)]
            at = end
        if not at:
            return self
        rest = slice(at, None)
        text = "".join([*pieces, self.text[rest]])
        return Folded(text, [*starts, *self.starts[rest]], [*ends, *self.ends[rest]])


def fold(text: str) -> Folded:
    """The text as it is compared: tag characters read, invisible ones dropped, jamo joined to
    syllables, NFKC, every digit ASCII, look-alikes Latin, without case.
    """
    if text.isascii():
        return Folded(text.lower(), range(len(text)), range(1, len(text) + 1))
    folding = _Folding(text)
    at = 0
    for plain in _PLAIN.finditer(text):
        start, end = plain.start(), plain.end()
        end -= end < len(text)
        if start < end:
            folding.odd(at, start)
            folding.plain(start, end)
            at = end
    folding.odd(at, len(text))
    return Folded("".join(folding.forms), folding.starts, folding.ends)


def invisible(char: str) -> bool:
    """Whether the character has no shape of its own: zero-width, bidi and tag characters, the soft
    hyphen, fillers, variation selectors.
    """
    return unicodedata.category(char) == "Cf" or bool(_SHAPELESS.match(char))


def seen(text: str) -> bool:
    """Whether the text has a character that is not invisible."""
    return not all(invisible(char) for char in text)


def step_back(text: str, end: int, count: int) -> int:
    """The place `count` visible characters before `end`, or the beginning."""
    stretch = text[max(0, end - count) : end]
    if stretch.isascii() or (stretch.isprintable() and not _SHAPELESS.search(stretch)):
        return end - len(stretch)
    while end > 0 and count > 0:
        end -= 1
        count -= not invisible(text[end])
    return end


class _Folding:
    """What is folded so far of a text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.forms: list[str] = []
        self.starts: list[int] = []
        self.ends: list[int] = []

    def plain(self, start: int, end: int) -> None:
        """Goes on with characters that are their own form but for the case."""
        self.forms.append(self.text[start:end].lower())
        self.starts += range(start, end)
        self.ends += range(start + 1, end + 1)

    def odd(self, start: int, end: int) -> None:
        """Goes on with any characters."""
        forms = list(map(_alone, self.text[start:end]))
        if "" in forms:
            self._composed(start, end)
        else:
            self.forms += forms
            self.starts += range(start, end)
            self.ends += range(start + 1, end + 1)

    def _composed(self, start: int, end: int) -> None:
        shown = [(at, char) for at in range(start, end) if (char := _shown(self.text[at]))]
        chars = "".join(char for _, char in shown)
        for at, stop in _clusters(chars):
            form = _form(chars[at:stop])
            self.forms.append(form)
            self.starts += [shown[at][0]] * len(form)
            self.ends += [shown[stop - 1][0] + 1] * len(form)


@lru_cache(maxsize=4096)
def _alone(char: str) -> str:
    """The one character that this one is compared as, or nothing where more has to be looked at."""
    form = "" if _shown(char) != char or _follows(char) else _form(char)
    return form if len(form) == 1 else ""


@lru_cache(maxsize=4096)
def _shown(char: str) -> str:
    """What the character is before it is put together with others; nothing if it is invisible."""
    if ord(char) in _TAGS:
        return chr(ord(char) - 0xE0000)
    if invisible(char):
        return ""
    if ord(char) in _NARROW_JAMO:
        return chr(int(unicodedata.decomposition(char).removeprefix("<narrow> "), 16))
    return char


def _clusters(chars: str) -> Iterator[tuple[int, int]]:
    """Where the stretches stand that become characters of their own."""
    at = 0
    while at < len(chars):
        end = at + 1
        if end < len(chars) and _follows(chars[end]):
            word = SYLLABLE.match(chars, at) if "ㅏ" <= chars[end] <= "ㅣ" else None
            end = word.end() if word else _joined(chars, at)
        yield at, end
        at = end


@lru_cache(maxsize=4096)
def _follows(char: str) -> bool:
    """Whether the character may be one with the one before."""
    return "ㅏ" <= char <= "ㅣ" or bool(unicodedata.combining(char) or _MAY_COMPOSE.match(char))


def _joined(chars: str, at: int) -> int:
    """The end of the characters that compose with the one there."""
    end = at + 1
    while end < min(len(chars), at + LONGEST_CLUSTER) and _joins(chars[at:end], chars[end]):
        end += 1
    return end


@lru_cache(maxsize=4096)
def _joins(cluster: str, char: str) -> bool:
    if not _follows(char) or "ㅏ" <= char <= "ㅣ":
        return False
    return bool(unicodedata.combining(char)) or _nfkc(cluster + char) != _nfkc(cluster) + _nfkc(
        char
    )


@lru_cache(maxsize=4096)
def _form(cluster: str) -> str:
    if SYLLABLE.fullmatch(cluster):
        return syllable(cluster)
    digit = unicodedata.digit(cluster, None) if len(cluster) == 1 else None
    if digit is not None:
        return str(digit)
    form = _nfkc(_nfkc(cluster.translate(LOOKALIKES)).casefold())
    return "".join(map(_digit, form.translate(LOOKALIKES)))


def _digit(char: str) -> str:
    digit = None if char.isascii() else unicodedata.digit(char, None)
    return char if digit is None else str(digit)


def _nfkc(text: str) -> str:
    return unicodedata.normalize("NFKC", text)
