"""A text and the views of it in which checks look."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from frontdesk.contract.guardrails import Text, View
from frontdesk.guardrails.folding import Folded, fold

# Three or more single letters or digits, the same one to three marks between all of them; on the
# last may hang a particle. Words are never joined with each other: "씨 발아율" stays two words.
_APART = re.compile(
    r"(?<![^\W_])[^\W_](?=([\W_]{1,3})[^\W_]\1[^\W_](?![^\W_]))(?:\1[^\W_](?![^\W_]))+"
    r"(?:\1[가-힣](?:은|는|이|가|을|를|도|만|의|로|에|야|요|랑|이야|이요|이랑|예요|이에요|입니다)(?![^\W_]))?"
)
AROUND = 130
_SENTENCE = re.compile(r"[^\n.?!]*[\n.?!]*")
_LETTER = re.compile(r"[^\W\d_]")


def worded(text: Text) -> tuple[View, ...]:
    """The views in which words are looked for: the folded one, and the joined one where it joins
    letters; figures alone (1.2.3) make no word.
    """
    return text.worded if isinstance(text, Normal) else _worded(text)


def _worded(text: Text) -> tuple[View, ...]:
    if text.joined is text.folded:
        return (text.folded,)
    lettered = any(_LETTER.search(run.group()) for run in _APART.finditer(text.folded.text))
    return (text.folded, *differing(text.joined, text.folded)) if lettered else (text.folded,)


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a view, from `start` on."""

    text: str
    start: int
    whole: View

    def span(self, start: int, end: int) -> tuple[int, int]:
        """See `View.span`."""
        return self.whole.span(self.start + start, self.start + end)


def differing(view: View, other: View) -> Iterator[View]:
    """The stretches of a view that read otherwise than another one, with `AROUND` characters on
    either side: only there is something found that is not found in the other.
    """
    known, spans = set(_SENTENCE.findall(other.text)), list[tuple[int, int]]()
    for sentence in _SENTENCE.finditer(view.text):
        if sentence.group() not in known:
            start = view.text.rfind(" ", 0, max(0, sentence.start() - AROUND)) + 1
            end = min(len(view.text), sentence.end() + AROUND)
            if spans and start <= spans[-1][1]:
                start = spans.pop()[0]
            spans.append((start, end))
    return (Part(view.text[start:end], start, view) for start, end in spans)


@dataclass(frozen=True)
class Normal:
    """`contract.guardrails.Text`: each view is made when it is first asked for."""

    original: str

    @cached_property
    def folded(self) -> Folded:
        """See `Text.folded`."""
        return fold(self.original)

    @cached_property
    def joined(self) -> Folded:
        """See `Text.joined`; the folded view itself where nothing stands apart."""
        view, places, at = self.folded, list[int](), 0
        for run in _APART.finditer(view.text):
            places += range(at, run.start())
            places += [place for place in range(*run.span()) if view.text[place].isalnum()]
            at = run.end()
        return view.kept([*places, *range(at, len(view.text))]) if at else view

    @cached_property
    def worded(self) -> tuple[View, ...]:
        """See `worded`."""
        return _worded(self)
