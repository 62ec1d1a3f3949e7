"""Passports, driver's licences and social security numbers."""

import re
from collections.abc import Iterator

from frontdesk.contract.guardrails import Finding, View
from frontdesk.guardrails.gates import search
from frontdesk.guardrails.personal.vicinity import ORDER, labelled, near

SSN_BEFORE = 45
_S = r"[^\w\n]{0,2}"
_PASSPORT = re.compile(
    rf"(?<![a-z\d])(?:[a-z]{{1,2}}{_S}\d{{3}}{_S}\d{{4,5}}|[msrgdp]{_S}\d{{3}}{_S}[a-z]{_S}\d{{4}}"
    r"|[a-z]{1,2}\d{6,8}|\d{9})(?![a-z\d])"
)
_PASSPORT_WORDS = re.compile(r"여권|passport|ᄋᄀᄇᄒ")
_LICENCE = re.compile(
    rf"(?<!\d)(?:1[1-9]|2[0-8]){_S}\d\d({_S})\d{{6}}{_S}\d\d(?!\d)|(?<!\d)\d\d-\d{{6}}-\d\d(?!\d)"
)
_LICENCE_WORDS = re.compile(r"면허|licen[cs]e|dmv")
_FOREIGN_LICENCE = re.compile(
    r"driv(?:er'?s?"
    r"|ing)[ -]licen[cs]e[^.\d\n]{0,20}?([a-z]{0,2}[ -]?\d(?:[ -]?\d){5,13})(?![a-z\d])"
)
_SSN = re.compile(r"(?<![\d\-])\d{3}([^\w\n]{0,3}|_)\d{2}([^\w\n]{0,3}|_)\d{4}(?![\d\-])")
_LOOSE_SSN = re.compile(r"(?<![\d\-])\d(?:[^\w\n]{0,3}\d){8}(?![\d\-])")
_SSN_WORDS = re.compile(
    r"ssn|s\.s\.n|social[ -]?security|(?<![a-z])soc\.?[ -]sec|itin|tax(?:payer)? id|사회\s?보장"
    r"|(?<=my |is |er |ir |'s )social(?: (?:number|no|#))?"
    r"(?=,? (?:is|was|starts?|begins?|ends?)|:| \d)"
)
# Told in three parts, as it is grouped.
_PARTED_SSN = re.compile(
    r"(?<!\d)\d{3}(?!\d)[^\d\n]{2,24}(?<!\d)\d{2}(?!\d)[^\d\n]{2,24}(?<!\d)\d{4}(?![\d\-])"
)


@search((_PASSPORT_WORDS, _PASSPORT))
def find_passports(view: View) -> Iterator[Finding]:
    """Category `passport`: never without a word for it."""
    if _PASSPORT_WORDS.search(view.text):
        for found in _PASSPORT.finditer(view.text):
            if near(view.text, _PASSPORT_WORDS, *found.span()):
                yield Finding("passport", *view.span(*found.span()))


@search((_LICENCE,), (_LICENCE_WORDS, _FOREIGN_LICENCE))
def find_licences(view: View) -> Iterator[Finding]:
    """Category `licence`: by its shape 2-2-6-2, otherwise by a word for it."""
    text, meant = view.text, bool(_LICENCE_WORDS.search(view.text))
    for found in _LICENCE.finditer(text):
        parted = found[1] == "-"
        clear = parted and not labelled(text, ORDER, found.start())
        if clear or (meant and near(text, _LICENCE_WORDS, *found.span())):
            yield Finding("licence", *view.span(*found.span()))
    for found in _FOREIGN_LICENCE.finditer(text) if meant else ():
        yield Finding("licence", *view.span(*found.span(1)))


@search((_SSN_WORDS,))
def find_parted_social_security(view: View) -> Iterator[Finding]:
    """Category `ssn`, where words stand between its parts."""
    yield from _called_ssn(view, _PARTED_SSN)


def _called_ssn(view: View, pattern: re.Pattern[str]) -> Iterator[Finding]:
    for found in pattern.finditer(view.text):
        if near(view.text, _SSN_WORDS, *found.span(), before=SSN_BEFORE):
            yield Finding("ssn", *view.span(*found.span()))


@search((_SSN,), (_SSN_WORDS, _LOOSE_SSN))
def find_social_security(view: View) -> Iterator[Finding]:
    """Category `ssn`: with hyphens, otherwise by a word for it."""
    if _SSN_WORDS.search(view.text):
        yield from _called_ssn(view, _LOOSE_SSN)
    for found in _SSN.finditer(view.text):
        if _given(found.group()) and (
            near(view.text, _SSN_WORDS, *found.span())
            or (found[1] == found[2] == "-" and not labelled(view.text, ORDER, found.start()))
        ):
            yield Finding("ssn", *view.span(*found.span()))


def _given(number: str) -> bool:
    """Whether such a number can have been given out: no part is all zeros, the area not 666."""
    return not number.startswith(("000", "666")) and not number.endswith("0000")
