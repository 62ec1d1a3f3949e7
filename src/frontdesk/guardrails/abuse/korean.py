"""Korean profanity: words, initial consonants, words typed or spelled in Latin letters."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from frontdesk.contract.guardrails import Finding, Text, View
from frontdesk.guardrails.abuse.lists import read
from frontdesk.guardrails.abuse.spelling import keys, korean_views
from frontdesk.guardrails.alternatives import Alternatives
from frontdesk.guardrails.gates import Gated

_CONSONANTS = re.compile("[ㄱ-ㅣ](?: ?[ㄱ-ㅣ]){0,20}")
_SPACE = re.compile(r"[ \t]+")


@dataclass(frozen=True, slots=True)
class Lexicon:
    """The word data, compiled; see `korean.yaml`."""

    words: Alternatives
    innocent: Alternatives
    initials: re.Pattern[str]
    filler: str
    riddle: re.Pattern[str]
    latin: Gated


def find(text: Text) -> Iterator[Finding]:
    """Finds Korean profanity, category `profanity`."""
    for view in korean_views(text):
        yield from _words(view)
        yield from _initials(view)
    for match in lexicon().latin.finditer(text.folded.text):
        yield Finding("profanity", *text.folded.span(*match.span()))


def _words(view: View) -> Iterator[Finding]:
    hits = [match.span() for match in lexicon().words.finditer(view.text)]
    if not hits:
        return
    innocent = [match.span() for match in lexicon().innocent.finditer(view.text)]
    for start, end in hits:
        if not any(first < end and start < last for first, last in innocent):
            yield Finding("profanity", *view.span(start, end))


def _initials(view: View) -> Iterator[Finding]:
    runs = [match for match in _CONSONANTS.finditer(view.text) if _swears(match.group())]
    if runs and not lexicon().riddle.search(view.text):
        for match in runs:
            yield Finding("profanity", *view.span(*match.span()))


def _swears(run: str) -> bool:
    letters = _SPACE.sub("", run).strip(lexicon().filler)
    return bool(lexicon().initials.fullmatch(letters))


@cache
def lexicon() -> Lexicon:
    """Reads the lists that ship with the package."""
    data, own = read("korean"), patterns()
    made = read("gates")
    initials = sorted(data["initials"].split(), key=len, reverse=True)
    return Lexicon(
        words=Alternatives(own["words"], made["words"]),
        innocent=Alternatives(own["not_words"], made["not_words"]),
        initials=re.compile(f"(?:{_any(initials)}){{1,6}}"),
        filler=data["filler"],
        riddle=re.compile(data["riddle"]),
        latin=Gated.of(own["latin"], made["latin"]),
    )


def patterns() -> dict[str, list[str]]:
    """What is searched for in Hangul (`words`; `not_words` are none) and in Latin letters."""
    data = read("korean")
    typed = _any([keys(word) for word in data["typed"].split()])
    spelled = rf"(?:{_any(data['romanised'])})(?![a-z])"
    latin = rf"(?<![a-z\d])(?:[a-z]{{0,4}}?(?:{typed})|{spelled})"
    words = list(dict.fromkeys(data["words"]))
    return {"words": words, "not_words": data["innocent"], "latin": [latin]}


def _any(patterns: list[str]) -> str:
    return "|".join(dict.fromkeys(patterns))
