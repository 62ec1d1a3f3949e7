"""A text and the views of it in which checks look."""

import re
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
_LETTER = re.compile(r"[^\W\d_]")


def worded(text: Text) -> tuple[View, ...]:
    """The views in which words are looked for: the folded one, and the joined one where it joins
    letters; figures alone (1.2.3) make no word.
    """
    if text.joined is text.folded:
        return (text.folded,)
    lettered = any(_LETTER.search(run.group()) for run in _APART.finditer(text.folded.text))
    return (text.folded, text.joined) if lettered else (text.folded,)


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
