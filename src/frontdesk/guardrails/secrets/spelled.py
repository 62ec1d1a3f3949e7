"""Passwords and codes that are told letter by letter, or figure by figure in words."""

import re
from collections.abc import Iterator

from frontdesk.contract.guardrails import Finding, View
from frontdesk.guardrails.gates import search
from frontdesk.guardrails.personal.spoken import GAP, WORD
from frontdesk.guardrails.secrets.passwords import CODE_NAMES, ENGLISH

_BEFORE = (
    r"(?:(?:capital|upper ?case|lower ?case|small|big|letter|number|digit|double|triple"
    r"|then|and)\s)*"
)
_SIGN = (
    r"hash|pound|dash|hyphen|dot|period|underscore|star|asterisk|at(?: sign)?|dollar(?: sign)?"
    r"|exclamation(?: mark| point)?|bang|percent|ampersand|plus|question mark|slash"
)
_ONE = rf"{_BEFORE}(?:[a-z]|\d|zero|one|two|three|four|five|six|seven|eight|nine|{_SIGN})(?![a-z])"
_PASSWORD = re.compile(
    rf"{ENGLISH}\s?(?:is|was|[=:\-])?,?\s?({_ONE}(?:[\s,.\-]{{1,3}}{_ONE}){{4,40}})"
)
_CODE = re.compile(
    rf"{CODE_NAMES}[^\d\n]{{0,12}}?(?<![a-z가-힣])((?:{WORD}|\d{{1,4}})(?:{GAP}(?:double\s)?(?:{WORD}|\d)){{3,7}})"
)
_FIGURE = re.compile(rf"{WORD}|\d")
_SAID = re.compile(WORD)


@search((_PASSWORD,))
def find_spelled_passwords(view: View) -> Iterator[Finding]:
    """Category `password`."""
    for found in _PASSWORD.finditer(view.text):
        yield Finding("password", *view.span(*found.span(1)))


@search((_CODE,))
def find_spelled_codes(view: View) -> Iterator[Finding]:
    """Category `one_time_code`: four figures at least, some of them in words."""
    for found in _CODE.finditer(view.text):
        figures = _FIGURE.findall(found[1])
        if 4 <= len(figures) <= 8 and _SAID.search(found[1]):
            yield Finding("one_time_code", *view.span(*found.span(1)))
