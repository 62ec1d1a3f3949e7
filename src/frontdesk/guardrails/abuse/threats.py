"""Threats at people in Korean and English, category `threat`."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from frontdesk.contract.guardrails import Finding, Text, View
from frontdesk.guardrails.abuse.lists import read
from frontdesk.guardrails.abuse.spelling import bare, plain, spaced
from frontdesk.guardrails.normal import worded
from frontdesk.guardrails.starting import Starting

_AROUND = 60
_OBJECT = re.compile(r"[가-힣][을를](?= )")
_HANGUL = re.compile("[가-힣]")
_PARTED = re.compile(r"[가-힣][^\w\s가-힣]{1,4}[가-힣]")
_DISGUISED = re.compile("[a-z][013457@$!]{1,3}[a-z]")


@dataclass(frozen=True, slots=True)
class Lexicon:
    """The word data, compiled; see `threats.yaml`."""

    korean: Starting
    person: re.Pattern[str]
    things: re.Pattern[str]
    english: Starting
    english_things: re.Pattern[str]


def find(text: Text) -> Iterator[Finding]:
    """Finds announced violence; not against things, nor where it is only spoken about."""
    for view in worded(text):
        if _HANGUL.search(view.text):
            yield from _korean(view)
        if _PARTED.search(view.text):
            yield from _korean(bare(view))
        yield from _english(view)
        if _DISGUISED.search(view.text):
            yield from _english(plain(view))


def _korean(view: View) -> Iterator[Finding]:
    for match in lexicon().korean.finditer(view.text):
        around = view.text[max(0, match.start() - _AROUND) : match.end() + _AROUND // 2]
        before = _clause(view.text[max(0, match.start() - _AROUND // 2) : match.start()])
        meant = lexicon().person.search(before + match.group())
        if not lexicon().things.search(around) and (meant or not _OBJECT.search(before)):
            yield Finding("threat", *view.span(*match.span()))


def _clause(text: str) -> str:
    return re.split(r"[.!?\n]", text)[-1]


def _english(view: View) -> Iterator[Finding]:
    for match in lexicon().english.finditer(view.text):
        around = view.text[max(0, match.start() - _AROUND) : match.end() + _AROUND // 2]
        if not lexicon().english_things.search(around):
            yield Finding("threat", *view.span(*match.span()))


@cache
def lexicon() -> Lexicon:
    """Reads the lists that ship with the package."""
    data, own, begin = read("threats"), patterns(), read("starts")
    return Lexicon(
        korean=Starting.of(begin["korean_threats"], own["korean_threats"]),
        person=re.compile(data["person"]),
        things=re.compile(data["things"]),
        english=Starting.of(begin["english_threats"], own["english_threats"]),
        english_things=re.compile(data["english_things"]),
    )


def patterns() -> dict[str, str]:
    """What is searched for in either language."""
    data = read("threats")
    english = "|".join(spaced(each) for each in data["english"])
    return {
        "korean_threats": "|".join(data["korean"]),
        "english_threats": rf"(?<![a-z])(?:{english})",
    }
