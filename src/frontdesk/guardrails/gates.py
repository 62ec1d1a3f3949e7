"""Quick looks before long searches: one scan of a text, linear whatever it holds, tells which
patterns cannot hold anywhere in it. `training/gates.py` makes what is scanned for.
"""

import re
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Generic, TypeVar

import re2
import yaml

from frontdesk.contract.guardrails import Finding, View

MEMORY = 64 << 20
"""What RE2 may use for the states of one scan; it uses as much as texts need."""

Name = TypeVar("Name", bound=Hashable)
Ways = Sequence[Sequence[re.Pattern[str]]]
"""In which ways something can be found in a text: all patterns of one of them must hold there."""


class Gates(Generic[Name]):
    """Which of several searches can find anything in a text."""

    def __init__(self, ways: Mapping[Name, Sequence[Sequence[str]]]) -> None:
        """`ways` are those of each search, by its name, for RE2."""
        options = re2.Options()
        options.max_mem = MEMORY
        self._set = re2.Set.SearchSet(options)
        self._always: int = self._set.Add(r"\z")  # says that the scan came to its end
        self._names = frozenset(ways)
        self._alone: dict[int, Name] = {}
        self._together: list[tuple[frozenset[int], Name]] = []
        for name, each in ways.items():
            for way in each:
                self._add(name, [self._set.Add(pattern) for pattern in way])
        self._set.Compile()

    def _add(self, name: Name, numbers: list[int]) -> None:
        if len(numbers) == 1:
            self._alone[numbers[0]] = name
        else:
            self._together.append((frozenset(numbers), name))

    def open(self, text: str) -> Collection[Name]:
        """The names of the searches that may find something; where RE2 cannot tell, of all."""
        try:
            found = self._set.Match(text.encode())
        except UnicodeEncodeError:  # half a surrogate pair
            return self._names
        if not found or self._always not in found:
            return self._names
        if len(found) == 1:
            return ()
        alone = {self._alone[number] for number in found if number in self._alone}
        return alone.union(name for way, name in self._together if way.issubset(found))


class Gate:
    """Whether one pattern can hold in a text."""

    def __init__(self, pattern: str) -> None:
        self._gates = Gates({"": [[pattern]]})

    def open(self, text: str) -> bool:
        """False where it holds nowhere."""
        return bool(self._gates.open(text))


@dataclass(frozen=True, slots=True)
class Gated:
    """A pattern that is searched only where it may hold."""

    gate: Gate
    pattern: re.Pattern[str]

    @classmethod
    def of(cls, patterns: Sequence[str], made: Sequence[Sequence[str]]) -> "Gated":
        """Compiles the only one of `patterns` and its gate; see `Alternatives`."""
        (pattern,), ((gate, _),) = patterns, made
        return cls(Gate(gate), re.compile(pattern))

    def finditer(self, text: str) -> Iterator[re.Match[str]]:
        """All matches."""
        return self.pattern.finditer(text) if self.gate.open(text) else iter(())

    def holds(self, text: str) -> bool:
        """Whether there is a match."""
        return self.gate.open(text) and bool(self.pattern.search(text))


@dataclass(frozen=True, slots=True)
class Search:
    """A function that finds something in a view, and the ways in which it can."""

    find: Callable[[View], Iterator[Finding]]
    ways: Ways

    @property
    def name(self) -> str:
        """That of the function."""
        return self.find.__name__


def search(
    *ways: Sequence[re.Pattern[str]],
) -> Callable[[Callable[[View], Iterator[Finding]]], Search]:
    """Makes a function a `Search`; `python -m training.gates` after every change of its ways."""
    return lambda find: Search(find, ways)


@cache
def gates(family: str) -> Gates[str]:
    """Reads the gates of a family of detectors that ship with the package."""
    text = files("frontdesk.guardrails").joinpath(f"{family}/gates.yaml").read_text("utf-8")
    return Gates(yaml.safe_load(text))
