"""Patterns that are tried only where they can begin."""

import re
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Starting:
    """A long pattern, and a short one that holds wherever the long one does and is quickly looked
    for; `training/starts.py` makes the short ones.
    """

    begin: re.Pattern[str]
    whole: re.Pattern[str]

    @classmethod
    def of(cls, begin: str, whole: str) -> "Starting":
        """Compiles both; `^` and `$` are the ends of lines."""
        return cls(re.compile(begin, re.DOTALL), re.compile(whole, re.MULTILINE))

    def finditer(self, text: str) -> Iterator[re.Match[str]]:
        """All matches, one for each place; they may overlap."""
        start = self.begin.search(text)
        while start:
            if match := self.whole.match(text, start.start()):
                yield match
            start = self.begin.search(text, start.start() + 1)  # what begins may overlap
