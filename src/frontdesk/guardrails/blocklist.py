"""The block-list: words that may not occur, found as substrings."""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence

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

    return Guardrail("blocklist", check, reach=max(map(_longest, wanted), default=1))


def _places(text: str, word: str) -> Iterator[int]:
    at = text.find(word)
    while at >= 0:
        yield at
        at = text.find(word, at + 1)


def _longest(word: str) -> int:
    """The most visible characters that fold to the word: a syllable may be written as its jamo."""
    return len(unicodedata.normalize("NFD", word))
