"""Korean resident numbers (주민등록번호) and those of foreigners: YYMMDD-GNNNNNN.

Numbers given since October 2020 have no check digit, so a failed one clears nothing: a date and a
separator, or a date and a word beside it, are enough.
"""

import re
from collections.abc import Iterator

from frontdesk.contract.guardrails import Finding, View
from frontdesk.guardrails.gates import search
from frontdesk.guardrails.personal.vicinity import ORDER, digits, labelled, near

_MARK = r"[^\w\n]{1,3}|\s?_\s?|\s?다시\s?"
_WHOLE = re.compile(rf"(?<!\d)\d{{6}}({_MARK})?\d{{7}}(?!\d)")
_DATED = re.compile(rf"(?<!\d)\d\d([ .\-/])\d\d\1\d\d(?:{_MARK})\d{{7}}(?!\d)")
_TOLD = re.compile(r"앞\D{0,12}\d{6}\D{1,15}?[뒤뒷]\D{0,10}\d{7}(?!\d)")
_LOOSE = re.compile(r"(?<!\d)\d(?:[^\w\n]{0,2}\d){12}(?!\d)")
_HALVES = re.compile(r"(?<!\d)\d{6}(?!\d)[^\d]{1,30}(?<!\d)\d{7}(?!\d)")
_WORDS = re.compile(
    r"주민|민증|신분증|외국인|거소|등록번호|resident|registration n|rrn|alien|foreigner|national id"
    r"|ᄌᄆ|wnals|jumin"
)
_PARTS = re.compile(
    r"앞\s?자리|뒷\s?자리|뒤\s?(?:7|일곱)?\s?자리|앞은|뒤는|first|front|last|back|then"
)
_WEIGHTS = (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)


@search((_WHOLE,), (_DATED,), (_TOLD,), (_WORDS, _LOOSE), (_WORDS, _HALVES))
def find_residents(view: View) -> Iterator[Finding]:
    """Categories `resident_number` and `foreigner_number`."""
    for found in _candidates(view.text):
        yield _finding(view, found)


def _candidates(text: str) -> Iterator[re.Match[str]]:
    yield from (found for found in _WHOLE.finditer(text) if _personal(text, found))
    for pattern in (_DATED, _TOLD):
        yield from (found for found in pattern.finditer(text) if _parted(text, found))
    if _WORDS.search(text):
        for pattern in (_LOOSE, _HALVES):
            yield from (found for found in pattern.finditer(text) if _meant(text, found))


def _parted(text: str, found: re.Match[str]) -> bool:
    return _dated(digits(found.group())) and not labelled(text, ORDER, found.start())


def _personal(text: str, found: re.Match[str]) -> bool:
    number = digits(found.group())
    if not _dated(number):
        return False
    meant = near(text, _WORDS, *found.span()) and not _corporate(text, found.start())
    if labelled(text, ORDER, found.start()):
        return meant
    if found[1] is None or number[6] in "90":
        return meant or (_checked(number) and not number.startswith("880"))
    return True


def _corporate(text: str, start: int) -> bool:
    return "법인" in text[max(0, start - 14) : start]


def _meant(text: str, found: re.Match[str]) -> bool:
    if _corporate(text, found.start()) or not _dated(digits(found.group())):
        return False
    return near(text, _WORDS, *found.span()) or bool(_PARTS.search(found.group()))


def _finding(view: View, found: re.Match[str]) -> Finding:
    foreign = digits(found.group())[6] in "5678"
    return Finding("foreigner_number" if foreign else "resident_number", *view.span(*found.span()))


def _dated(number: str) -> bool:
    return 1 <= int(number[2:4]) <= 12 and 1 <= int(number[4:6]) <= 31


def _checked(number: str) -> bool:
    rest = sum(int(d) * w for d, w in zip(number, _WEIGHTS, strict=False)) % 11
    base = 13 if number[6] in "5678" else 11
    return (base - rest) % 10 == int(number[12])
