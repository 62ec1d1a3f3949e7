"""Digits that are written as words (공일공, zero one zero) or as letters (O1O)."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import islice

from frontdesk.contract.guardrails import View
from frontdesk.guardrails.folding import Folded

_WORDS = {
    "0": "공 영 빵 제로 〇 零 zero oh",
    "1": "일 하나 一 壹 one",
    "2": "이 둘 二 two",
    "3": "삼 셋 三 three",
    "4": "사 넷 四 four",
    "5": "오 다섯 五 five",
    "6": "육 륙 여섯 六 six",
    "7": "칠 일곱 七 seven",
    "8": "팔 여덟 八 eight",
    "9": "구 아홉 九 nine",
}
_DIGITS = {word: digit for digit, words in _WORDS.items() for word in words.split()}
# "…구이에요" ends with the copula, not with a two.
WORD = "|".join(sorted(_DIGITS, key=len, reverse=True)).replace(
    "이|", "이(?!에요|야|고|라|며|니|요|다|었)|", 1
)
GAP = r"(?:[\s\-.,·/~]{0,3}|\s?(?:다시|하이픈|대시|에|dash)\s?|,?\s(?:and\s)?then\s)"
# Fewer than nine, figures among them, are no number of a person.
_RUN = re.compile(rf"(?:{WORD}|\d+)(?:{GAP}(?:double\s)?(?:{WORD}|\d)){{8,40}}")
_MOST = 200  # runs that are read of one text
_PART = re.compile(
    rf"double\s({WORD})|({WORD})|,?\s?(다시|하이픈|대시|에|dash|(?:and\s)?then)\s?|[\s\-.,·/~]+"
)
_HINT = re.compile(rf"(?:{WORD})[\s\-.,·]{{0,2}}(?:{WORD})[\s\-.,·]{{0,2}}(?:{WORD})")
_LETTERS = re.compile(
    r"(?<![a-z\d])(?:(?=[\doil]*\d)(?=\d*[oil])[\doil]{3,}|(?<=[\doil][\-. ])[oil]{3,4})(?![a-z\d])"
)
_MIXED = re.compile(r"\d[oil]|[oil]\d|\d[\-. ][oil]{3}")
WAYS = {"words": ((_HINT, _RUN),), "letters": ((_MIXED,),)}
"""What must be in a text in which words or letters stand for digits."""
_AS_DIGITS = str.maketrans("oil", "011")


@dataclass(frozen=True, slots=True)
class _Read:
    """A view of a view."""

    below: View
    over: Folded

    @property
    def text(self) -> str:
        return self.over.text

    def span(self, start: int, end: int) -> tuple[int, int]:
        return self.below.span(*self.over.span(start, end))


def digits(view: View, there: Collection[str]) -> View:
    """The view with digits for the words and letters; the same view where there are none. `there`
    says which of them there may be.
    """
    same = Folded(view.text, range(len(view.text)), range(1, len(view.text) + 1))
    read = same.substituted(_words(view.text)) if "words" in there else same
    read = read.substituted(_figures(read.text))
    return view if read is same else _Read(view, read)


def _words(text: str) -> Iterator[tuple[int, int, str]]:
    for run in islice(_RUN.finditer(text), _MOST):
        if not _HINT.search(run.group()):
            continue
        for part in _PART.finditer(text, *run.span()):
            word = part[1] or part[2]
            digit = _DIGITS[word] if word else "-" if part[3] else ""
            yield *part.span(), digit * (2 if part[1] else 1)


def _figures(text: str) -> Iterator[tuple[int, int, str]]:
    for found in _LETTERS.finditer(text):
        for at in range(*found.span()):
            yield at, at + 1, text[at].translate(_AS_DIGITS)
