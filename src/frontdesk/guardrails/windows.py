"""Long texts in pieces, so that no check ever works on more than it must."""

from collections.abc import Iterator
from dataclasses import dataclass

from frontdesk.guardrails.folding import invisible, step_back

LONGEST = 8_000
"""Up to so many characters a text is one window."""


@dataclass(frozen=True, slots=True)
class Window:
    """A piece of a text: `text` begins at `start` of the whole. What is found in it counts if it
    begins in its own part, from `begin` until before `end` of the whole; the rest is there to be
    looked at, and is another window's own.
    """

    text: str
    start: int
    begin: int
    end: int


def windows(text: str, reach: int) -> Iterator[Window]:
    """The windows of a text: each sees `reach` visible characters before and after its own part."""
    size = max(LONGEST, 4 * reach)
    if len(text) <= size:
        yield Window(text, 0, 0, len(text) + 1)
        return
    for begin in range(0, len(text), size):
        end = min(begin + size, len(text))
        start = step_back(text, begin, reach)
        yield Window(text[start : _step_on(text, end, reach)], start, begin, end)


def _step_on(text: str, start: int, count: int) -> int:
    """The place `count` visible characters after `start`, or the end."""
    stretch = text[start : start + count]
    if stretch.isascii() or stretch.isprintable():
        return start + len(stretch)
    while start < len(text) and count > 0:
        count -= not invisible(text[start])
        start += 1
    return start
