"""Seed phrases of wallets (BIP-39): twelve to twenty-four short words in a row."""

import re
from collections.abc import Iterator

from frontdesk.contract.guardrails import Finding, View
from frontdesk.guardrails.gates import search

_RUN = re.compile(
    r"(?<![a-z])(?:\d{1,2}[.)]\s?)?[a-z]{3,8}"
    r"(?:[ ,\n]{1,3}(?:\d{1,2}[.)]\s?)?[a-z]{3,8}(?![a-z])){11,23}(?![a-z])"
)
_WORDS = re.compile(
    r"(?:seed|recovery|backup|secret|mnemonic) (?:phrase|words?)|mnemonic|bip-?39|wallet"
    r"|시드|니모닉|복구\s?(?:문구|구문|단어|코드)|지갑"
)
# No word of the list, and in nearly every sentence.
_PROSE = re.compile(
    r"(?<![a-z])(?:the|and|for|are|was|you|from|have|not|but|your|has|had|they|our|its"
    r"|which|how|who|were|been|into"
    r"|would|could|should|their|these|those|some|may|any|other|such|than|each|per|via|let"
    r"|did|does)(?![a-z])"
)
_COUNTS = {12, 15, 18, 21, 24}


@search((_RUN,))
def find_seeds(view: View) -> Iterator[Finding]:
    """Category `seed_phrase`: by a word for it, or as a line of its own."""
    for found in _RUN.finditer(view.text):
        words = re.findall(r"[a-z]{3,8}", found.group())
        if _PROSE.search(found.group()) or len(set(words)) < len(words) * 2 // 3:
            continue
        start = found.start()  # the run may begin with the words for it
        said = _WORDS.search(view.text, max(0, start - 60), start + 25)
        if said or (len(words) in _COUNTS and _line(view.text, found)):
            yield Finding("seed_phrase", *view.span(*found.span()))


def _line(text: str, found: re.Match[str]) -> bool:
    """Whether it begins and ends as a line, or after a colon."""
    before, after = text[: found.start()].rstrip(' "'), text[found.end() :].lstrip(' ".')
    return (not before or before[-1] in ":\n") and (not after or after[0] == "\n")
