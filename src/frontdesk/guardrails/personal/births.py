"""Dates of birth: a whole date with a word that says so."""

import re
from collections.abc import Iterator

from frontdesk.contract.guardrails import Finding, View
from frontdesk.guardrails.gates import search

_MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_WORDS = re.compile(
    r"생년월일|\d일?\s?생(?:이|입|임|으|인|\s|\Z)|생일|태어|출생|생일이|년생|(?<![a-z])(?:born"
    r"|birth ?day|birth ?date|date of birth"
    r"|d\.?o\.?b)(?![a-z])"
)
_DATE = re.compile(
    r"(?<![\d\-])(?:(?:19|20)\d\d|(?<!\d)\d\d(?=년))(?:\s?[\-./]\s?|년\s?"
    r"|\s)\d{1,2}(?:\s?[\-./]\s?|월\s?|\s)\d{1,2}(?!\d)일?"
    r"|(?<![\d\-/])\d{1,2}[\-/.]\d{1,2}[\-/.](?:(?:19|20)\d\d|\d\d)(?![\d\-/])"
    rf"|(?:{_MONTHS})[a-z]{{0,6}}\.? \d{{1,2}}(?:st|nd|rd|th)?,? (?:19|20)\d\d(?!\d)"
    rf"|(?<!\d)\d{{1,2}}(?:st|nd|rd|th)?(?: of)? (?:{_MONTHS})[a-z]{{0,6}}\.?,? (?:19|20)\d\d(?!\d)"
    r"|(?<![\d\-])(?:(?:19|20)\d\d|\d\d)(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?![\d\-])"
)
_OTHERS = re.compile(
    r"이벤트|쿠폰|할인|기간|창립|설립|출시|행사|까지|event|coupon|sale|founded|until|expires"
    r"|released|company"
)


@search((_WORDS, _DATE))
def find_births(view: View) -> Iterator[Finding]:
    """Category `birth_date`."""
    if not _WORDS.search(view.text):
        return
    for found in _DATE.finditer(view.text):
        start, end = found.span()
        said = _WORDS.search(view.text, max(0, start - 25), start)
        said = said or _WORDS.search(view.text, end, min(len(view.text), end + 8))
        about = _OTHERS.search(view.text, max(0, start - 25), min(len(view.text), end + 8))
        if (said or view.text.startswith(("생", "일생", " 생"), end)) and not about:
            yield Finding("birth_date", *view.span(start, end))
