"""Telephone numbers of people: Korean ones, American ones, and any with a country code. Public
service numbers (1588-…, 080, toll-free, three digits) are not personal.
"""

import re
from collections.abc import Callable, Iterator

from frontdesk.contract.guardrails import Finding, View
from frontdesk.guardrails.gates import search
from frontdesk.guardrails.personal.vicinity import ORDER, digits, labelled, near

_S = r"(?:[\W_]{0,4}|\s?(?:다시|대시|하이픈|에|dash)\s?)"
_MOBILE = re.compile(
    rf"(?<![\d.])(?:\+?(?:00)?82{_S}\(?0?\)?|0)1[016789]{_S}(\d{{3,4}}){_S}\d{{4}}(?!\d)"
)
_LINE = re.compile(
    rf"(?<![\d.\-])(?:\+?82{_S}|\(?0)(?:2|3[1-3]|4[1-4]|5[1-5]|6[1-4]|70"
    rf"|50\d)({_S})\d{{3,4}}({_S})\d{{4}}"
    r"(?![\d\-])"
)
_AMERICAN = re.compile(
    r"(?<![\d.\-/])(?<!\d[ ,])(?:\+?1[^\w\n]{1,2}|\+1|1(?=[2-9]\d{9}(?!\d)))?"
    r"\(?([2-9]\d\d)\)?([^\w\n]{0,3}|_)[2-9]\d\d([^\w\n]{0,3}|_)\d{4}"
    r"(?![\d\-]|\.\d)"
)
_ABROAD = re.compile(r"(?<![a-z\d_+])(?:\+|00)[1-9]\d{0,2}(?:[ \-.()]{0,2}\d){7,12}(?![\d%])")
_BRITISH = re.compile(
    r"(?<![\d.\-])0(?:7\d{3}[ \-]?\d{3}[ \-]?\d{3}|20[ \-]?\d{4}[ \-]?\d{4})(?![\d\-])"
)
_SHORT = re.compile(
    r"(?:call|phone|text|dial|reach)[^.\d\n]{0,20}(?<!\d)([2-9]\d\d[\-. ]\d{4})(?![\d\-])"
)
_NAMED = re.compile(
    r"(?:(?:call|reach|text|phone|ring)(?: (?:me|us|him|her|them|someone))? (?:on|at)"
    r"|(?:phone|mobile|tel)(?: number)?(?: is|:)|(?:calls|messages|texts) to|answering at"
    r"|my number is)"
    r"\s{0,3}(\(?\+?\d(?:[ \-.()]{0,2}\d){6,12})(?![\d%])"
)
_FIGURES = re.compile(r"\d(?:\D{0,12}\d){6,}")
_TOLL_FREE = ("800", "833", "844", "855", "866", "877", "888")
_WORDS = re.compile(
    r"전화|연락|휴대|핸드폰|폰|번호|팩스|tel|phone|call|cell|mobile|number|text|fax|contact"
    r"|reach|whatsapp|sms|ring (?:me|us|him|her|them)|dial|(?<![a-z])num(?![a-z])"
)


@search((_MOBILE,))
def find_mobiles(view: View) -> Iterator[Finding]:
    """Category `phone`: Korean mobile numbers."""
    return _found(view, _MOBILE, _mobile)


@search((_LINE,))
def find_lines(view: View) -> Iterator[Finding]:
    """Category `phone`: other Korean numbers."""
    return _found(view, _LINE, _line)


@search((_AMERICAN,))
def find_american_phones(view: View) -> Iterator[Finding]:
    """Category `phone`."""
    return _found(view, _AMERICAN, _american)


@search((_ABROAD,))
def find_phones_abroad(view: View) -> Iterator[Finding]:
    """Category `phone`: any with the code of a country."""
    return _found(view, _ABROAD, _abroad)


@search((_BRITISH,))
def find_british_phones(view: View) -> Iterator[Finding]:
    """Category `phone`."""
    return _found(view, _BRITISH, _meant)


@search((_SHORT,), (_NAMED,))
def find_named_phones(view: View) -> Iterator[Finding]:
    """Category `phone`: what is called the number of one."""
    for first, last in _stretches(view.text):
        for pattern in (_SHORT, _NAMED):
            for found in pattern.finditer(view.text, max(0, first - 40), last):
                if pattern is _SHORT or found[1][:3] not in _TOLL_FREE:
                    yield Finding("phone", *view.span(*found.span(1)))


def _found(
    view: View, pattern: re.Pattern[str], personal: Callable[[re.Match[str]], bool]
) -> Iterator[Finding]:
    for first, last in _stretches(view.text):
        for found in pattern.finditer(view.text, first, last):
            if personal(found) and not labelled(view.text, ORDER, found.start()):
                yield Finding("phone", *view.span(*found.span()))


def _stretches(text: str) -> Iterator[tuple[int, int]]:
    """Where seven figures stand close together, with what belongs to a number before and after."""
    for run in _FIGURES.finditer(text):
        yield max(0, run.start() - 5), min(len(text), run.end() + 5)


def _mobile(found: re.Match[str]) -> bool:
    return found[1] != "0000"


def _line(found: re.Match[str]) -> bool:
    return bool(found[1].strip() or found[2].strip()) or _meant(found)


def _american(found: re.Match[str]) -> bool:
    if found[1] in _TOLL_FREE:
        return False
    parted = bool(found[2] and found[3])
    return (parted and found[3] != ", ") or found.group().startswith("+") or _meant(found)


def _abroad(found: re.Match[str]) -> bool:
    number = digits(found.group())
    if number.startswith("1") and number[1:4] in _TOLL_FREE:
        return False
    return (found.group().startswith("+") and 9 <= len(number) <= 15) or _meant(found)


def _meant(found: re.Match[str]) -> bool:
    return near(found.string, _WORDS, *found.span())
