"""The words that a FAQ knows, and finding them in a message in spite of typing errors."""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, groupby

from rapidfuzz import process
from rapidfuzz.distance import OSA

from frontdesk.preprocess.faq.entries import Entry
from frontdesk.preprocess.faq.hangul import Cutter, Piece
from frontdesk.preprocess.faq.words import Filler, is_hangul, read_filler, runs, spelled, stem

CLOSE = 0.79
"""How like a known word a misspelt one must be: one slip in five letters (of Hangul: jamo)."""
LEAST_LETTERS = 5
"""A shorter word, in letters or jamo, has too many neighbours to be guessed."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The known words of a text, each with how well it was written (up to 1), and how many words
    are not known.
    """

    known: dict[str, float]
    unknown: int


def lexicon_of(entries: Sequence[Entry]) -> "Lexicon":
    """The words of these entries."""
    phrasings = [text for entry in entries for text in entry.phrasings]
    return Lexicon(phrasings, [text for entry in entries for text in entry.tags])


class Lexicon:
    """All words of the phrasings and tags of a FAQ."""

    def __init__(self, phrasings: Iterable[str], tags: Iterable[str]) -> None:
        asked, tagged = (list(map(spelled, texts)) for texts in (phrasings, tags))
        self.filler = filler = read_filler()
        self._english = {
            word: stem(word)
            for word in chain.from_iterable(map(runs, (*asked, *tagged)))
            if not is_hangul(word) and word not in filler.english
        }
        self._cutter = Cutter(_atoms(asked, tagged, filler), filler)
        self._typed = {_jamo(word): word for word in self._cutter.words if len(word) > 1}
        self._typed |= {_jamo(word): "" for word in filler.korean if len(word) > 2}

    def read(self, text: str) -> Reading:
        """The words of a text."""
        known: dict[str, float] = {}
        unknown = 0
        for word, likeness in self._words(spelled(text)):
            if word is None:
                unknown += 1
            elif word:
                known[word] = max(likeness, known.get(word, 0.0))
        return Reading(known, unknown)

    def _words(self, spelling: str) -> Iterator[tuple[str | None, float]]:
        """Each word and its likeness: "" is filler, None is not known."""
        english: list[str] = []
        for run in runs(spelling):
            if is_hangul(run):
                yield from self._korean(run)
            else:
                english += self._parted(run)
        yield from map(self._word, self._compounds(english))

    def _compounds(self, words: list[str]) -> Iterator[str]:
        at = 0
        while at < len(words):
            pair = "".join(words[at : at + 2])
            yield pair if pair in self._english else words[at]
            at += 2 if pair in self._english and pair != words[at] else 1

    def _parted(self, word: str) -> list[str]:
        """A word that is two known ones without their space, as those."""
        places = range(3, len(word) - 2) if word not in self._english else ()
        cuts = ([word[:at], word[at:]] for at in places)
        return next((cut for cut in cuts if self._english.keys() >= set(cut)), [word])

    def _word(self, word: str) -> tuple[str | None, float]:
        if word in self.filler.english:
            return "", 1.0
        if word in self._english:
            return self._english[word], 1.0
        if stem(word) in self._english.values():
            return stem(word), 1.0
        if stem(word) in self.filler.soft:
            return "", 1.0
        if word.endswith("ed"):  # it tells what happened, which is no question of a FAQ
            return None, 0.0
        guess = _closest(word, [each for each in self._english if each[0] == word[0]])
        return (self._english[guess[0]], guess[1]) if guess else (None, 0.0)

    def _korean(self, run: str) -> Iterator[tuple[str | None, float]]:
        for piece, kind in self._cutter.cut(run):
            if kind != "unknown":
                yield (piece if kind == "word" else ""), 1.0
            elif piece in self.filler.soft:
                yield "", 1.0
            elif len(piece) > 1 and (guess := _closest(_jamo(piece), self._typed)):
                yield self._typed[guess[0]], guess[1]
            else:
                yield None, 0.0


def _atoms(asked: list[str], tagged: list[str], filler: Filler) -> frozenset[str]:
    """The Korean words; one that is made of others counts as those."""
    words = {*_hangul(tagged), *filler.soft, *filler.asking}
    first = Cutter(frozenset(words), filler)
    words |= {word for each in _hangul(asked) for word in _compound(first.cut(each))}
    return frozenset(word for word in words if not _made_of(word, words))


def _hangul(texts: list[str]) -> set[str]:
    return {word for text in texts for run in runs(text) if is_hangul(run) for word in run.split()}


def _compound(pieces: list[Piece]) -> Iterator[str]:
    """The new words in a cut word, each together with the known ones that it is grown to."""
    for filling, group in groupby(pieces, key=lambda piece: piece[1] == "filler"):
        parts = list(group)
        if not filling and any(kind == "unknown" for _, kind in parts):
            yield "".join(text for text, _ in parts)


def _made_of(word: str, others: set[str]) -> bool:
    return any(
        word[:at] in others and (word[at:] in others or _made_of(word[at:], others))
        for at in range(2, len(word) - 1)
    )


def _closest(word: str, known: Iterable[str]) -> tuple[str, float] | None:
    if len(word) < LEAST_LETTERS:
        return None
    found = process.extractOne(
        word, list(known), scorer=OSA.normalized_similarity, score_cutoff=CLOSE
    )
    return (found[0], found[1]) if found else None


def _jamo(text: str) -> str:
    return unicodedata.normalize("NFD", text)
