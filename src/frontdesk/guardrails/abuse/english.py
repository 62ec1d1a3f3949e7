"""English profanity: words with stretched, masked, parted letters, and phrases."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from frontdesk.contract.guardrails import Finding, Text, View
from frontdesk.guardrails.abuse.lists import read
from frontdesk.guardrails.abuse.spelling import spaced
from frontdesk.guardrails.alternatives import Alternatives
from frontdesk.guardrails.normal import worded

# What may stand for a letter; inside of a word also a mask.
_SIGNS = {
    "a": "a@4àáâäå", "b": "b8", "c": "cç", "e": "e3€èéêë", "g": "g9", "i": "i1!|lìíîï",
    "l": "l1|", "o": "o0òóôöø", "s": "s$5", "t": "t7+", "u": "uvùúûü", "k": "kκ",
}  # fmt: skip
_MASK = "*#"
_PARTING = r"[^\w\s]{0,2}"
_DIGIT_OR_MARK = r"(?:[^\w\s]|[\d_]){0,2}"
_LATIN = re.compile("[a-z]")


@dataclass(frozen=True, slots=True)
class Lexicon:
    """The word data, compiled; see `english.yaml`."""

    words: Alternatives
    innocent: Alternatives


def find(text: Text) -> Iterator[Finding]:
    """Finds English profanity, category `profanity`."""
    for view in worded(text):
        if _LATIN.search(view.text):
            yield from _words(view)


def _words(view: View) -> Iterator[Finding]:
    hits = [match.span() for match in lexicon().words.finditer(view.text)]
    if not hits:
        return
    innocent = [match.span() for match in lexicon().innocent.finditer(view.text)]
    for start, end in hits:
        if not any(first < end and start < last for first, last in innocent):
            yield Finding("profanity", *view.span(start, end))


@cache
def lexicon() -> Lexicon:
    """Reads the lists that ship with the package."""
    own, made = patterns(), read("gates")
    return Lexicon(
        words=Alternatives(own["english"], made["english"]),
        innocent=Alternatives(own["not_english"], made["not_english"]),
    )


def patterns() -> dict[str, list[str]]:
    """What is searched for, and (`not_english`) what is none of it."""
    data, begin = read("english"), r"(?<![a-z\d])(?<![a-z\d][.'’-])"
    inside = [_spelled(word, _DIGIT_OR_MARK) for word in data["inside"].split()]
    whole = [rf"{begin}(?:{_word(*each)})(?![a-z])" for each in data["words"].items()]
    phrases = [f"{begin}(?:{each})" for each in _phrases(data["phrases"])]
    innocent = list(_phrases(data["innocent"]))
    return {"english": [*inside, *whole, *phrases], "not_english": innocent}


def _word(word: str, endings: str) -> str:
    after = "|".join(endings.split())
    return _spelled(word, _DIGIT_OR_MARK) + (rf"(?:{_PARTING}(?:{after}))?" if after else "")


def _spelled(word: str, gap: str) -> str:
    inner = [f"[{re.escape(_SIGNS.get(char, char) + _MASK)}]{{1,8}}" for char in word[1:-1]]
    first, last = (f"[{re.escape(_SIGNS.get(char, char))}]{{1,8}}" for char in (word[0], word[-1]))
    return gap.join((first, *inner, last))


def _phrases(patterns: Iterable[str]) -> Iterator[str]:
    return (spaced(pattern) for pattern in patterns)
