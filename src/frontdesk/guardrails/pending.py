"""Where in a stream the values of the built-in detectors may have begun: they begin with figures,
within the last words, or with words that announce them.
"""

import re

from frontdesk.contract.guardrails import Text, View

APART, HALVES = 8, 31
"""So far from each other may parts of one number stand; so far from a longer number its other half
or a word about it, and so far from a house number its street.
"""
LONG = 6
WORDS = 3
"""The last words may be the beginning of an address that is spelled, or of a road."""

_LAST = re.compile(rf"(?:\S+\s*){{1,{WORDS}}}\Z")
_FIGURES = re.compile(
    r"\S*\d\S*"
    r"|(?:(?:[공영빵일이삼사오육륙칠팔구]|zero|oh|one|two|three|four|five|six|seven|eight|nine)"
    r"[\s\-.,·]{0,2}){3,}"
)
_ANNOUNCED = re.compile(
    r"[가-힣]{1,7}(?:특별시|광역시|[시도군구])\s[^.!?\n]{0,30}\Z|-----begin[^\n]{0,60}\Z"
)
_RUN = re.compile(
    r"(?<![a-z])[a-z]{3,8}(?:[ ,\n]{1,3}(?:\d{1,2}[.)]\s?)?[a-z]{3,8})*"
    r"(?:[ ,\n]{1,3}\d{0,2}[.)]?[a-z]{0,2})?\Z"
)
_PROSE = re.compile(
    r"(?<![a-z])(?:the|and|for|are|was|you|from|have|not|but|your|has|had|they|our|its|which|how"
    r"|who|were|been|into|would|could|should|their|these|those|some|may|any|other|such|than|each"
    r"|per|via|let|did|does)(?![a-z])"
)
SPACED = 24
"""So long may a swear word be whose letters stand apart."""


def values(text: Text) -> int:
    """For personal data and secrets."""
    views = (text.folded, text.joined) if text.joined is not text.folded else (text.folded,)
    return min(_original(text, view, _begun(view.text)) for view in views)


def words(text: Text) -> int:
    """For swear words and threats."""
    view = text.folded
    return _original(text, view, max(0, min(_last(view.text), len(view.text) - SPACED)))


def _begun(text: str) -> int:
    announced = (found.start() for found in _ANNOUNCED.finditer(text))
    return min(_last(text), _figures(text), _seeds(text), *announced)


def _last(text: str) -> int:
    found = _LAST.search(text, max(0, len(text) - 200))
    return found.start() if found else len(text)


def _figures(text: str) -> int:
    """Where the figures begin to which more may come, or words that say what they are."""
    numbers: list[tuple[int, int]] = []
    for found in _FIGURES.finditer(text):
        start, end = found.span()
        if numbers and start - numbers[-1][1] <= APART:
            start, _ = numbers.pop()
        numbers.append((start, end))
    place = len(text)
    for start, end in reversed(numbers):
        long = sum(map(str.isdigit, text[start:end])) >= LONG
        if place - end <= (HALVES if long or text[end : end + 3].isascii() else APART):
            place = start
    return place


def _seeds(text: str) -> int:
    """Where the last words begin that are in no sentence."""
    found = _RUN.search(text)
    if not found:
        return len(text)
    prose = [each.end() for each in _PROSE.finditer(text, found.start())]
    return prose[-1] if prose else found.start()


def _original(text: Text, view: View, place: int) -> int:
    return view.span(place, place + 1)[0] if place < len(view.text) else len(text.original)
