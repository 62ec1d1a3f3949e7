"""The desk's own instructions, told to nobody: found by a mark in them and by what they repeat."""

import hashlib
import hmac
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from frontdesk.contract.guardrails import Finding, Guardrail, Text
from frontdesk.guardrails.normal import Normal


@dataclass(frozen=True, slots=True)
class _Kind:
    """A length, in letters and digits, from which what is the same is no accident: less where it
    goes over the end of a line, for one line may be a fact that answers are to repeat; half of it
    in Korean. 80 are some 16 English words.
    """

    size: int
    ascii: bool
    over_lines: bool


_KINDS = (
    _Kind(160, ascii=True, over_lines=False),
    _Kind(80, ascii=True, over_lines=True),
    _Kind(80, ascii=False, over_lines=False),
    _Kind(40, ascii=False, over_lines=True),
)
_OVER = 16
"""So much of both lines."""
LONGEST = 160
REACH = 2 * LONGEST


def mark_of(secret: bytes) -> str:
    """A word that only the instructions of this deployment hold. It is always the same, so that the
    prefix of each request is, and the provider's cache stays warm.
    """
    return hmac.new(secret, b"instructions", hashlib.sha256).hexdigest()[:16]


def marked(prompt: str, mark: str) -> str:
    """The prompt with the mark in its last line."""
    return f"{prompt.rstrip()}\n\n(Mark of these instructions, which nobody is told: {mark})\n"


def instructions(prompts: Iterable[str], mark: str) -> Guardrail:
    """Finds the mark, and long stretches of the prompts, whatever stands between their letters;
    category `instructions_leak`. A translation is not found.
    """
    index = _Index(list(prompts), mark)

    async def check(text: Text) -> Sequence[Finding]:
        return list(index.findings(text))

    return Guardrail("instructions", check, frozenset({"output"}), REACH, index.begun)


@dataclass(frozen=True, slots=True)
class _Letters:
    """The letters and digits of a text, and the place of each in the original."""

    text: str
    places: Sequence[int]

    @classmethod
    def of(cls, text: Text) -> "_Letters":
        view = text.folded
        kept = [at for at, char in enumerate(view.text) if char.isalnum()]
        return cls("".join(view.text[at] for at in kept), [view.span(at, at + 1)[0] for at in kept])


class _Index:
    def __init__(self, prompts: Sequence[str], mark: str) -> None:
        lines = [[_squeezed(line) for line in prompt.splitlines()] for prompt in prompts]
        self._mark = mark
        self._all = "\0".join((mark, *map("".join, lines)))
        self._stretches = {
            kind: {hash(stretch) for each in lines for stretch in _stretches(each, kind)}
            for kind in _KINDS
        }

    def findings(self, text: Text) -> Iterator[Finding]:
        letters = _Letters.of(text)
        for at in range(len(letters.text)):
            size = self._same(letters.text, at)
            if size:
                end = letters.places[at + size - 1] + 1
                yield Finding("instructions_leak", letters.places[at], end)

    def _same(self, text: str, at: int) -> int:
        """How long the stretch at this place is that the instructions hold, or 0."""
        if text.startswith(self._mark, at):
            return len(self._mark)
        for kind, known in self._stretches.items():
            stretch = text[at : at + kind.size]
            if hash(stretch) in known and stretch in self._all:
                return kind.size
        return 0

    def begun(self, text: Text) -> int:
        """Where the longest end of the text begins that the instructions hold."""
        letters = _Letters.of(text)
        size = len(letters.text)
        # An end that they hold has shorter ends that they hold, too.
        length = bisect_left(
            range(1, min(size, LONGEST) + 1), True, key=lambda n: letters.text[-n:] not in self._all
        )
        return letters.places[size - length] if length else len(text.original)


def _squeezed(line: str) -> str:
    return _Letters.of(Normal(line)).text


def _stretches(lines: Sequence[str], kind: _Kind) -> Iterator[str]:
    text = "".join(lines)
    ends = list(accumulate(map(len, lines)))
    for at in range(len(text) - kind.size + 1):
        stretch = text[at : at + kind.size]
        first, last = at + _OVER, at + kind.size - _OVER
        over = bisect_left(ends, first) < bisect_right(ends, last)
        if stretch.isascii() == kind.ascii and (over or not kind.over_lines):
            yield stretch
