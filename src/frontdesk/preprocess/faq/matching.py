"""Which entry of a FAQ answers a message, if one surely does."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date

from frontdesk.contract.text import plain
from frontdesk.preprocess.faq.entries import Entry
from frontdesk.preprocess.faq.lexicon import Reading, lexicon_of
from frontdesk.preprocess.faq.words import language, numbers, spelled

LONGEST = 200
"""A longer message, in characters, says more than an entry answers."""
SURE = 0.58
"""What an entry must score, of 1."""
CLEAR = 0.12
"""By how much it must lead before every entry of another id."""
SOFT, ASKING = 0.3, 0.5
"""What such words weigh (see filler.yaml); a subject weighs 1."""
FOREIGN = 2.0
"""What a word of the message weighs that the entry does not know: one is mostly too many."""
RELATED = 0.6
"""How far a word of the entry counts that stands in its tags or another phrasing."""

_QUESTIONS = re.compile(r"[?？]")


@dataclass(frozen=True, slots=True)
class Match:
    """An entry and how well it fits, up to 1."""

    entry: Entry
    score: float


@dataclass(frozen=True, slots=True)
class _Phrasing:
    words: frozenset[str]
    numbers: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Known:
    """An entry as it is compared: `words` are those of all its phrasings and tags."""

    entry: Entry
    phrasings: tuple[_Phrasing, ...]
    words: frozenset[str]


class Matcher:
    """Compares messages with entries."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self.entries = tuple(entries)
        self._lexicon = lexicon_of(entries)
        self._filler = self._lexicon.filler
        self._known = [self._learned(entry) for entry in entries]
        self._weights = self._weighed()

    def find(self, text: str, day: date) -> Match | None:
        """The entry that answers the text on this day (UTC); None when none does or two might."""
        text = plain(text)
        if len(text) > LONGEST or _several(text):
            return None
        ranked = self.ranked(text, day)
        if not ranked or ranked[0].score < SURE:
            return None
        best = ranked[0]
        rival = max((each.score for each in ranked if each.entry.id != best.entry.id), default=0.0)
        return best if best.score - rival >= CLEAR else None

    def ranked(self, text: str, day: date) -> list[Match]:
        """All entries that have something in common with the text, the best first."""
        reading, told = self._lexicon.read(text), numbers(spelled(text))
        tongue = language(text)
        found = [
            Match(known.entry, max(self._scores(known, reading, told), default=0.0))
            for known in self._known
            if known.entry.answers(tongue, day)
        ]
        return sorted((each for each in found if each.score), key=lambda each: -each.score)

    def _scores(self, known: _Known, reading: Reading, told: frozenset[str]) -> Iterator[float]:
        understood = self._understood(known, reading)
        named = bool(self._subjects(known.words.intersection(reading.known)))
        for phrasing in known.phrasings:
            if phrasing.numbers == told and (named or not self._subjects(phrasing.words)):
                yield understood * self._said(phrasing, reading.known, known)

    def _subjects(self, words: Set[str]) -> Set[str]:
        return words - self._filler.asking - self._filler.soft

    def _understood(self, known: _Known, reading: Reading) -> float:
        """The share of the message that the entry knows."""
        here = known.words.intersection(reading.known)
        if here <= self._filler.asking:
            return 0.0
        strange = [w for w in reading.known if w not in here and w not in self._filler.soft]
        good = self._sum(reading.known, known.words)
        whole = sum(self._weights[word] for word in here)
        foreign = reading.unknown + len(strange)
        return good / (whole + FOREIGN * foreign)

    def _said(self, phrasing: _Phrasing, words: Mapping[str, float], known: _Known) -> float:
        """The share of the phrasing that the message says, with its own or with related words."""
        own = self._sum(words, phrasing.words)
        related = self._sum(words, known.words - phrasing.words)
        whole = sum(self._weights[word] for word in phrasing.words)
        return min(1.0, (own + RELATED * related) / whole)

    def _sum(self, words: Mapping[str, float], among: frozenset[str]) -> float:
        return sum(self._weights[w] * like for w, like in words.items() if w in among)

    def _learned(self, entry: Entry) -> _Known:
        phrasings = tuple(
            _Phrasing(frozenset(self._lexicon.read(text).known), numbers(spelled(text)))
            for text in entry.phrasings
        )
        tagged = frozenset(word for tag in entry.tags for word in self._lexicon.read(tag).known)
        return _Known(entry, phrasings, tagged.union(*(phrasing.words for phrasing in phrasings)))

    def _weighed(self) -> dict[str, float]:
        """A word of few entries tells more than one of many."""
        spread = Counter(
            word
            for word, _ in {(word, each.entry.id) for each in self._known for word in each.words}
        )
        return {word: self._weight(word) / count**0.5 for word, count in spread.items()}

    def _weight(self, word: str) -> float:
        if word in self._filler.soft:
            return SOFT
        return ASKING if word in self._filler.asking else 1.0


def _several(text: str) -> bool:
    return len(_QUESTIONS.findall(text)) > 1
