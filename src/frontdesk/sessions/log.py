"""The event log of a turn, as its writer sees it."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TypeAlias

from frontdesk.contract.errors import Fenced, StoreUnavailable
from frontdesk.contract.events import Event, TextDelta
from frontdesk.sessions.codec import dump_event
from frontdesk.sessions.connection import patiently
from frontdesk.sessions.tasks import Tasks

GATHER_S = 0.04
MOST_DELTA_BYTES = 2048
MOST_UNWRITTEN = 64

Entry: TypeAlias = tuple[int, str, bytes]
"""An event as the log holds it: its number, kind and JSON."""


@dataclass(frozen=True, slots=True)
class Unwritten:
    """The events that a writer leaves to the commit, and the number that comes after them."""

    entries: tuple[Entry, ...] = ()
    following: int = 1

    def and_then(self, event: Event) -> "Unwritten":
        """With one event more."""
        entry = (self.following, *dump_event(event))
        return Unwritten((*self.entries, entry), self.following + 1)


class EventWriter:
    """Writes the events of one turn in the order in which they are put.

    Text that comes within 40 ms becomes one event; `eager` lets the very first piece leave at once.
    """

    def __init__(
        self, write: Callable[[Sequence[Entry]], Awaitable[None]], tasks: Tasks, eager: bool
    ) -> None:
        self._write = write
        self._tasks = tasks
        self._eager = eager
        self._events: list[Event] = []
        self._sending: list[Entry] = []
        self._following = 1
        self._turn_to_write = asyncio.Lock()
        self._timer: asyncio.TimerHandle | None = None
        self._lost: Fenced | None = None

    async def put(self, event: Event) -> None:
        """Takes one event; waits only while too much is unwritten.

        Raises:
            Fenced: another process has taken the turn over, or it was forgotten.
            StoreUnavailable: too much is unwritten, and Redis has not taken it for long.
        """
        if self._lost:
            raise self._lost
        for part in _parts(event):
            self._add(part)
        first_text = self._eager and isinstance(event, TextDelta)
        self._eager = self._eager and not first_text
        if len(self._events) + len(self._sending) > MOST_UNWRITTEN:
            await patiently(self._flush)
        elif first_text:
            with suppress(StoreUnavailable):  # it stays unwritten, as in `_flush_soon`
                await self._flush()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(GATHER_S, self._gathered)

    def take(self) -> Unwritten:
        """Closes the writer and hands over what is not known to be written; the commit writes it,
        except what the log holds already.
        """
        if self._timer:
            self._timer.cancel()
        self._number()
        unwritten, self._sending = tuple(self._sending), []
        return Unwritten(unwritten, self._following)

    def _add(self, event: Event) -> None:
        last = self._events[-1] if self._events else None
        if isinstance(event, TextDelta) and isinstance(last, TextDelta) and _fit(last, event):
            self._events[-1] = replace(last, text=last.text + event.text)
        else:
            self._events.append(event)

    def _gathered(self) -> None:
        """By time and not with the next event: text must not wait until a tool comes back."""
        self._timer = None
        self._tasks.spawn(self._flush_soon())

    async def _flush_soon(self) -> None:
        try:
            await self._flush()
        except Fenced as lost:
            self._lost = lost
        except StoreUnavailable:
            return  # what is unwritten stays so; the next event or the commit tries again

    async def flush(self) -> int:
        """Writes what is unwritten; answers the number of the last event, 0 if there was none.

        Raises:
            Fenced: another process has taken the turn over, or it was forgotten.
            StoreUnavailable: Redis has not taken it for long.
        """
        await patiently(self._flush)
        return self._following - 1

    async def _flush(self) -> None:
        async with self._turn_to_write:
            self._number()
            sent = tuple(self._sending)
            if sent:
                await self._write(sent)
                self._sending = self._sending[len(sent) :]

    def _number(self) -> None:
        for event in self._events:
            self._sending.append((self._following, *dump_event(event)))
            self._following += 1
        self._events.clear()


def _fit(last: TextDelta, more: TextDelta) -> bool:
    size = len(last.text.encode()) + len(more.text.encode())
    return last.message == more.message and size <= MOST_DELTA_BYTES


def _parts(event: Event) -> Iterator[Event]:
    """The event, a long text cut into pieces between characters."""
    if not isinstance(event, TextDelta):
        yield event
        return
    data = event.text.encode()
    while data:
        text = data[:MOST_DELTA_BYTES].decode(errors="ignore")
        data = data[len(text.encode()) :]
        yield replace(event, text=text)
