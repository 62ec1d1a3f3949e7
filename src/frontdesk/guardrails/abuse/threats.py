"""Threats at people in Korean and English, category `threat`."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from frontdesk.contract.guardrails import Finding, Text, View
from frontdesk.guardrails.abuse.lists import read
from frontdesk.guardrails.abuse.spelling import bare, plain, spaced
from frontdesk.guardrails.alternatives import Alternatives
from frontdesk.guardrails.gates import Gated
from frontdesk.guardrails.normal import worded

_AROUND = 60
_OBJECT = re.compile(r"[가-힣][을를](?= )")
_HANGUL = re.compile("[가-힣]")
_PARTED = re.compile(r"[가-힣][^\w\s가-힣]{1,4}[가-힣]")
_DISGUISED = re.compile("[a-z][013457@$!]{1,3}[a-z]")


@dataclass(frozen=True, slots=True)
class Lexicon:
    """The word data, compiled; see `threats.yaml`."""

    korean: Alternatives
    person: Gated
    things: Gated
    english: Alternatives
    english_things: Gated


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
        meant = lexicon().person.holds(before + match.group())
        if not lexicon().things.holds(around) and (meant or not _OBJECT.search(before)):
            yield Finding("threat", *view.span(*match.span()))


def _clause(text: str) -> str:
    return re.split(r"[.!?\n]", text)[-1]


def _english(view: View) -> Iterator[Finding]:
    for match in lexicon().english.finditer(view.text):
        around = view.text[max(0, match.start() - _AROUND) : match.end() + _AROUND // 2]
        if not lexicon().english_things.holds(around):
            yield Finding("threat", *view.span(*match.span()))


@cache
def lexicon() -> Lexicon:
    """Reads the lists that ship with the package."""
    own, made = patterns(), read("gates")
    return Lexicon(
        korean=Alternatives(own["korean_threats"], made["korean_threats"]),
        person=Gated.of(own["person"], made["person"]),
        things=Gated.of(own["things"], made["things"]),
        english=Alternatives(own["english_threats"], made["english_threats"]),
        english_things=Gated.of(own["english_things"], made["english_things"]),
    )


def patterns() -> dict[str, list[str]]:
    """What is searched for in either language, and what decides whether it is one."""
    data = read("threats")
    english = [rf"(?<![a-z])(?:{spaced(each)})" for each in data["english"]]
    decisive = {name: [data[name]] for name in ("person", "things", "english_things")}
    return {"korean_threats": data["korean"], "english_threats": english, **decisive}
