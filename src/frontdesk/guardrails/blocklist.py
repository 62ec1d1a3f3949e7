"""The block-list: words that may not occur, found as substrings."""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import partial

from frontdesk.contract.guardrails import Finding, Guardrail, Text
from frontdesk.guardrails.folding import fold


def blocklist(words: Iterable[str]) -> Guardrail:
    """Finds the words whatever their case, Unicode form or invisible characters, category
    `blocklist`.

    They are found inside longer words too: Korean particles stick to a word, so a word has no end
    that could be looked for.
    """
    wanted = tuple(
        dict.fromkeys(word for word in (fold(each.strip()).text for each in words) if word)
    )

    async def check(text: Text) -> Sequence[Finding]:
        view = text.folded
        return [
            Finding("blocklist", *view.span(start, start + len(word)))
            for word in wanted
            for start in _places(view.text, word)
        ]

    longest = max(map(_longest, wanted), default=1)
    begun = partial(_begun, {unicodedata.normalize("NFD", word) for word in wanted}, longest)
    return Guardrail("blocklist", check, reach=longest, pending=begun)


def _begun(wanted: set[str], longest: int, text: Text) -> int:
    """Where the longest end begins that a word may begin with. The last character counts as any: it
    may still become another one.
    """
    view = text.folded
    for at in range(max(0, len(view.text) - longest), len(view.text)):
        end = unicodedata.normalize("NFD", view.text[at:-1])
        if any(word.startswith(end) for word in wanted):
            return view.span(at, at + 1)[0]
    return len(text.original)


def _places(text: str, word: str) -> Iterator[int]:
    at = text.find(word)
    while at >= 0:
        yield at
        at = text.find(word, at + 1)


def _longest(word: str) -> int:
    """The most visible characters that fold to the word: a syllable may be written as its jamo."""
    return len(unicodedata.normalize("NFD", word))
