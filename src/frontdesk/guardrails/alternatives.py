"""Long lists of patterns, of which a text needs few."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from frontdesk.guardrails.gates import Gates


@dataclass(frozen=True, slots=True)
class _Alternative:
    """A pattern, and one that finds where it holds: by its first letter, which is quick."""

    begin: re.Pattern[str]
    whole: re.Pattern[str]

    @classmethod
    def of(cls, pattern: str, first: str) -> "_Alternative":
        begin = rf"{first}(?<=(?={pattern})[\s\S])" if first else pattern
        return cls(re.compile(begin, re.MULTILINE), re.compile(pattern, re.MULTILINE))

    def everywhere(self, text: str) -> Iterator[re.Match[str]]:
        start = self.begin.search(text)
        while start:
            if match := self.whole.match(text, start.start()):
                yield match
            start = self.begin.search(text, start.start() + 1)


class Alternatives:
    """Patterns that are searched for as if they were one: at each place the first that holds."""

    def __init__(self, patterns: Sequence[str], made: Sequence[Sequence[str]]) -> None:
        """`made` are the gate and the first letters of each pattern, as `training/gates.py` makes
        them; `^` and `$` are the ends of lines.
        """
        both = zip(patterns, made, strict=True)
        self._patterns = [_Alternative.of(pattern, first) for pattern, (_, first) in both]
        self._gates = Gates({number: [[gate]] for number, (gate, _) in enumerate(made)})

    def finditer(self, text: str) -> list[re.Match[str]]:
        """All matches, one for each place, in the order of their places; they may overlap."""
        found: dict[int, re.Match[str]] = {}
        for number in sorted(self._gates.open(text)):
            for match in self._patterns[number].everywhere(text):
                found.setdefault(match.start(), match)
        return [found[start] for start in sorted(found)]
