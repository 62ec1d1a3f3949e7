"""Where in a stream the values of the built-in detectors may have begun: they begin with figures,
within the last words, or with words that announce them.
"""

import re

from frontdesk.contract.guardrails import Text

HALVES = 31
"""So far from each other may two parts of one number stand, or a number and the word about it."""
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
_RUN = re.compile(r"(?<![a-z])[a-z]{3,8}(?:[ ,\n]{1,3}(?:\d{1,2}[.)]\s?)?[a-z]{3,8})*[ ,\n]{0,3}\Z")
_PROSE = re.compile(
    r"(?<![a-z])(?:the|and|for|are|was|you|from|have|not|but|your|has|had|they|our|its|which|how"
    r"|who|were|been|into|would|could|should|their|these|those|some|may|any|other|such|than|each"
    r"|per|via|let|did|does)(?![a-z])"
)
SPACED = 24
"""So long may a swear word be whose letters stand apart."""


def values(text: Text) -> int:
    """For personal data and secrets."""
    view = text.folded
    places = [_last(view.text), _figures(view.text), _seeds(view.text)]
    places += [found.start() for found in _ANNOUNCED.finditer(view.text)]
    return _original(text, min(places))


def words(text: Text) -> int:
    """For swear words and threats."""
    size = len(text.folded.text)
    return _original(text, max(0, min(_last(text.folded.text), size - SPACED)))


def _last(text: str) -> int:
    found = _LAST.search(text, max(0, len(text) - 200))
    return found.start() if found else len(text)


def _figures(text: str) -> int:
    """Where the figures begin that follow each other so closely that they may be one number."""
    start = len(text)
    for found in reversed(list(_FIGURES.finditer(text))):
        if start - found.end() > HALVES:
            break
        start = found.start()
    return start


def _seeds(text: str) -> int:
    """Where the last words begin that are in no sentence."""
    found = _RUN.search(text)
    if not found:
        return len(text)
    prose = [each.end() for each in _PROSE.finditer(text, found.start())]
    return prose[-1] if prose else found.start()


def _original(text: Text, place: int) -> int:
    view = text.folded
    return view.span(place, place + 1)[0] if place < len(view.text) else len(text.original)
