"""The block-list: words that may not occur, found as substrings."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import partial

from frontdesk.contract.guardrails import Finding, Guardrail, Text
from frontdesk.guardrails.detector import detector
from frontdesk.guardrails.folding import fold

MARKS = re.compile(r"[\W_]+")
GAP = 3
"""The most marks between two letters of a word that stand apart, see `normal`."""


def blocklist(words: Iterable[str]) -> Guardrail:
    """Finds the words whatever their case, Unicode form, invisible characters or the gaps between
    their letters, category `blocklist`.

    They are found inside longer words too: Korean particles stick to a word, so a word has no end
    that could be looked for.
    """
    wanted = tuple(
        dict.fromkeys(word for word in (fold(each.strip()).text for each in words) if word)
    )

    def find(text: Text) -> Iterator[Finding]:
        views = (text.folded,) if text.joined is text.folded else (text.folded, text.joined)
        found = {view.span(*place): None for view in views for place in _places(view.text, wanted)}
        for start, end in found:
            yield Finding("blocklist", start, end)

    longest = max(map(_longest, wanted), default=1)
    begun = partial(_begun, {unicodedata.normalize("NFD", word) for word in wanted}, longest)
    return detector("blocklist", find, reach=longest, pending=begun)


def _begun(wanted: set[str], longest: int, text: Text) -> int:
    """Where the longest end begins that a word may begin with, its letters together or apart. The
    last character counts as any: it may still become another one.
    """
    view = text.folded
    for at in range(max(0, len(view.text) - longest), len(view.text)):
        end = unicodedata.normalize("NFD", view.text[at:-1])
        ends = {end, MARKS.sub("", end)} if end[:1].isalnum() else {end}
        if any(word.startswith(each) for word in wanted for each in ends):
            return view.span(at, at + 1)[0]
    return len(text.original)


def _places(text: str, words: Iterable[str]) -> Iterator[tuple[int, int]]:
    for word in words:
        at = text.find(word)
        while at >= 0:
            yield at, at + len(word)
            at = text.find(word, at + 1)


def _longest(word: str) -> int:
    """The most visible characters that come to the word: a syllable may be written as its jamo, or
    the letters stand apart.
    """
    return max(len(unicodedata.normalize("NFD", word)), len(word) + GAP * (len(word) - 1))
