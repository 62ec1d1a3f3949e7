"""The events of a turn, over as many connections as it takes."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, get_args

import httpx2

from frontdesk.client.connection import Connection, NothingMore, Refused, pauses
from frontdesk.client.failures import Unreachable, unreachable
from frontdesk.contract.errors import FrontdeskError
from frontdesk.contract.events import Event, TurnEnded
from frontdesk.contract.turns import TurnResult
from frontdesk.sessions.codec import load_event

ENDS = frozenset({"turn.completed", "turn.blocked", "turn.failed", "turn.cancelled"})
KINDS = ENDS | {kind.kind for kind in get_args(Event) if kind is not TurnEnded}
COME_BACK = "reconnect"
PENDING = ("queued", "in_progress", "waiting")


@dataclass(frozen=True, slots=True)
class Opening:
    """The request that a stream begins with; it may be sent again."""

    method: str
    path: str
    request: Mapping[str, Any] = field(default_factory=dict)


class Stream:
    """The events of one turn, read with `async for` to its last. A connection that drops, or a
    server that stops, is left for another one: what was seen is not seen again, and nothing is
    missed. `turn_id` and `last_event_id` are known from the first event on, `result` after the
    last.
    """

    def __init__(
        self, connection: Connection, opening: Opening, turn_id: str = "", last_event_id: str = ""
    ) -> None:
        self.turn_id = turn_id
        self.last_event_id = last_event_id
        self.result: TurnResult | None = None
        self._connection = connection
        self._opening = opening
        self._events = self._read()

    def __aiter__(self) -> AsyncIterator[Event]:
        """The events.

        Raises:
            FrontdeskError: the server refused, could not read on, or cannot be reached any more.
        """
        return self._events

    async def aclose(self) -> None:
        """Leaves; the turn goes on, unless it was started with `on_disconnect="cancel"`."""
        await self._events.aclose()

    async def _read(self) -> AsyncGenerator[Event, None]:
        waits = pauses()
        while self.result is None:
            failure: FrontdeskError | None = None
            try:
                async with aclosing(self._visit()) as events:
                    async for event in events:
                        waits = pauses()  # it goes on: patience is for what stands still
                        yield event
            except Refused as refused:
                if not refused.passing:
                    raise refused.failure from None
                failure = refused.failure
            except httpx2.TransportError as error:
                failure = unreachable(error)
            if self.result is None:
                await _wait(waits, failure)

    async def _visit(self) -> AsyncGenerator[Event, None]:
        """What one connection brings."""
        ask = self._next()
        frames = self._connection.frames(ask.method, ask.path, **ask.request)
        try:
            async with aclosing(frames) as found:
                async for frame in found:
                    if frame is None or frame.event not in KINDS | {COME_BACK}:
                        continue
                    if frame.event == COME_BACK or frame.id == self.last_event_id:
                        return  # what has no id of its own is no event of the turn
                    yield self._taken(frame)
        except NothingMore:
            result = await self._connection.value(TurnResult, "GET", f"/v1/turns/{self.turn_id}")
            if result.status not in PENDING:
                self.result = result
                yield TurnEnded(self.turn_id, result)

    def _next(self) -> Opening:
        """The first request again until an event has come; from then on, what follows it."""
        if not self.last_event_id:
            return self._opening
        path = f"/v1/turns/{self.turn_id}/events"
        return Opening("GET", path, {"headers": {"Last-Event-ID": self.last_event_id}})

    def _taken(self, frame: httpx2.ServerSentEvent) -> Event:
        event = load_event(frame.event, frame.data.encode())
        self.turn_id, self.last_event_id = event.turn_id, frame.id
        if isinstance(event, TurnEnded):
            self.result = event.result
        return event


async def _wait(waits: Iterator[float | None], failure: FrontdeskError | None) -> None:
    pause = next(waits)
    if pause is None:
        raise failure or Unreachable("The server's streams end before their turn does.")
    await asyncio.sleep((failure.retry_after_s if failure else None) or pause)
