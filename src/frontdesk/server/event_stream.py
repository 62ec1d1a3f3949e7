"""Events as server-sent events, in the form of a protocol: ours has an id that can be resumed from,
and one line of JSON each.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from frontdesk.contract.errors import Draining, FrontdeskError, problem
from frontdesk.contract.events import Event, TurnEnded
from frontdesk.server.answers import answer_object
from frontdesk.server.problems import internal_error, problem_object
from frontdesk.server.request_ids import report
from frontdesk.sessions.codec import dump

Numbered = tuple[str, Event]
PING = b": ping\n\n"
PING_S = 15.0
HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}


class Form(Protocol):
    """How one stream is written: each event as its frames, which may be none."""

    def frames(self, event_id: str, event: Event) -> bytes:
        """The event in wire form."""

    def failed(self, error: FrontdeskError) -> bytes:
        """The last frame of a stream that cannot be read to its end."""


class EventStream(Response):
    """Writes a turn's events until the last; a client that leaves ends the writing, and the turn
    only if `left` does so.

    `first` reads the first events, `events` those after them. Every `ping_s` seconds a comment
    keeps the connection open.
    """

    def __init__(
        self,
        first: asyncio.Task[Sequence[Numbered]],
        events: AsyncGenerator[Numbered, None],
        form: Form,
        request: Request,
        *,
        left: Callable[[], Awaitable[None]] | None = None,
        ping_s: float = PING_S,
    ) -> None:
        super().__init__(headers=HEADERS, media_type="text/event-stream")
        del self.headers["content-length"]
        self.first, self.events, self.form = first, events, form
        self.request, self.left, self.ping_s = request, left, ping_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends the answer (ASGI)."""
        start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        tasks = [
            asyncio.create_task(part)
            for part in (self._write(start, send), disconnected(receive), self._ping(send))
        ]
        writing, leaving, _ = tasks
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if self.left and leaving.done() and not writing.done():
                await self.left()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _write(self, start: dict[str, Any], send: Send) -> None:
        await send(start)
        try:
            async with aclosing(self.events) as events:
                for numbered in await self.first:
                    await self._tell(send, *numbered)
                async for numbered in events:
                    await self._tell(send, *numbered)
        except FrontdeskError as error:
            await send(_chunk(self.form.failed(error)))
        except Exception as error:  # noqa: BLE001 - too late for a status: logged, and a last frame
            report(error, self.request.state.request_id)
            await send(_chunk(self.form.failed(internal_error())))
        await send({"type": "http.response.body", "body": b""})

    async def _tell(self, send: Send, event_id: str, event: Event) -> None:
        if frames := self.form.frames(event_id, event):
            await send(_chunk(frames))

    async def _ping(self, send: Send) -> None:
        while True:
            await asyncio.sleep(self.ping_s)
            await send(_chunk(PING))


@dataclass(frozen=True, slots=True)
class OwnForm:
    """The form of our own API."""

    turn_id: str
    request: Request

    def frames(self, event_id: str, event: Event) -> bytes:
        """The event. JSON escapes every line break, so text cannot forge a field."""
        data = dump(answer_object(event.result) if isinstance(event, TurnEnded) else event)
        return b"id: %b\nevent: %b\ndata: %b\n\n" % (event_id.encode(), event.kind.encode(), data)

    def failed(self, error: FrontdeskError) -> bytes:
        """The turn's failure, without an id: it is not in the turn's log, and the client may come
        back for what is. When this process leaves, the client is asked to.
        """
        if isinstance(error, Draining):
            data = dump({"turn_id": self.turn_id, "detail": error.detail})
            return b"retry: 1000\nevent: reconnect\ndata: %b\n\n" % data
        found = problem_object(problem(error), self.request)
        data = dump({"turn_id": self.turn_id, "status": "failed", "error": found})
        return b"event: turn.failed\ndata: %b\n\n" % data


def _chunk(body: bytes) -> dict[str, Any]:
    return {"type": "http.response.body", "body": body, "more_body": True}


async def disconnected(receive: Receive) -> None:
    """Waits until the client is gone; for a request whose body was read."""
    while (await receive())["type"] != "http.disconnect":
        pass
