"""Rounds: every contestant is measured once in each, so that what the machine does besides meets
all of them alike.
"""

import statistics
import sys
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

Key = TypeVar("Key")
Reading = TypeVar("Reading")


@dataclass(frozen=True, slots=True)
class Spread:
    """What several rounds have measured."""

    median: float
    least: float
    most: float


def spread(values: Iterable[float]) -> Spread:
    """The spread of at least one value."""
    kept = sorted(values)
    return Spread(statistics.median(kept), kept[0], kept[-1])


def ratio(over: Iterable[float], under: Iterable[float]) -> Spread:
    """How many times as much, round by round."""
    return spread(a / b for a, b in zip(over, under, strict=True))


async def interleaved(
    cells: Mapping[Key, Callable[[], Awaitable[Reading]]], rounds: int
) -> dict[Key, list[Reading]]:
    """The readings of each cell, one a round, after a round that warms up and does not count; every
    other round goes backwards.
    """
    readings: dict[Key, list[Reading]] = {key: [] for key in cells}
    for number in range(rounds + 1):
        tell(f"round {number} of {rounds}" if number else "warming up")
        for key in cells if number % 2 else reversed(list(cells)):
            reading = await cells[key]()
            if number:
                readings[key].append(reading)
    return readings


def tell(text: str) -> None:
    """Says on standard error how far the benchmark is."""
    print(text, file=sys.stderr, flush=True)
