"""One HTTP connection: uvicorn's protocol with deadlines, caps and no patience for odd framing.

uvicorn alone waits for ever for headers, for a body and for a client that does not read.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import httptools
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from frontdesk.contract.errors import FrontdeskError, Overloaded
from frontdesk.server.addresses import Network, counted_as, is_among
from frontdesk.server.framing import HeadersTooLarge, Malformed, RequestTimeout, check_head
from frontdesk.server.problems import bare_problem

LEAST_RATE = 1000
"""Bytes of a body that bring its deadline a second further."""
LINGER_S = 1.0
"""How long what a refused client still sends is read and dropped, so that it sees why."""
AGAIN_S = 5


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a connection may take; times in seconds, sizes in bytes, 0 connections are no limit."""

    connections: int = 4096
    per_address: int = 1024
    header_bytes: int = 32_768
    header_s: float = 10.0
    body_s: float = 20.0
    idle_s: float = 75.0
    write_s: float = 30.0
    trusted: Sequence[Network] = ()


@dataclass(slots=True)
class Connections:
    """Makes the protocol of each connection of a process, and counts them by address."""

    bounds: Bounds
    by_address: Counter[str] = field(default_factory=Counter)

    def __call__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> "Connection":
        """The protocol of one connection, as uvicorn asks for it."""
        return Connection(self, config, server_state, app_state, _loop)

    def enter(self, address: str) -> bool:
        """Counts a connection; false where there are too many of this address."""
        self.by_address[address] += 1
        most, trusted = self.bounds.per_address, self.bounds.trusted
        return not most or self.by_address[address] <= most or is_among(address, trusted)

    def leave(self, address: str) -> None:
        """Counts one less."""
        self.by_address[address] -= 1
        if not self.by_address[address]:
            del self.by_address[address]


class Connection(HttpToolsProtocol):
    """One connection: a request, its answer, the next request."""

    def __init__(self, all_of_them: Connections, *uvicorns: Any) -> None:
        super().__init__(*uvicorns)
        self.all, self.bounds = all_of_them, all_of_them.bounds
        self.timeout_keep_alive = self.bounds.idle_s  # type: ignore[assignment]  # only passed on
        self.address = ""
        self.ending = self.excess = self.in_head = False
        self.head_bytes = self.body_bytes = 0
        self.body_began = 0.0
        self.refusal: FrontdeskError | None = None
        self.deadline: asyncio.TimerHandle | None = None
        self.write_deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        """Starts the deadline of the first request, or refuses one connection too many."""
        super().connection_made(transport)
        self.address = counted_as(self.client[0] if self.client else "")
        welcome, most = self.all.enter(self.address), self.bounds.connections
        if not welcome or (most and len(self.connections) > most):
            self._refuse(Overloaded("Too many connections are open.", retry_after_s=AGAIN_S))
        else:
            self._within(self.bounds.header_s, self._head_late)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forgets the connection."""
        super().connection_lost(exc)
        self.all.leave(self.address)
        self.ending = True
        self._unset_keepalive_if_required()
        for timer in (self.deadline, self.write_deadline):
            if timer:
                timer.cancel()

    def data_received(self, data: bytes) -> None:
        """Parses what came; what comes after a refusal, or before an answer is due, is dropped."""
        if self.ending or self._ahead():
            return
        self._unset_keepalive_if_required()
        if self.cycle is None or self.cycle.response_complete:
            self._begin_head()
        self.head_bytes += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:  # nothing is upgraded here; what follows is not HTTP
            self._last()
        except httptools.HttpParserError:
            self._refuse(self.refusal or Malformed("This is not HTTP/1.1."))
        else:
            if self.in_head and self.head_bytes > self.bounds.header_bytes:
                self._refuse(self._head_too_large())

    def on_message_begin(self) -> None:
        """The first byte of a request. One that does not wait for its answer before the next
        (pipelining) gets that answer only: the rest may be asked again on another connection.
        """
        if not self._ahead():
            super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """A piece of the target."""
        if not self.excess:
            super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header; those that come after a chunked body are dropped."""
        if not self.excess and self.in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is there: the request begins, if that is as it must be."""
        if self.excess:
            return
        try:
            if len(self.url) + sum(len(n) + len(v) + 4 for n, v in self.headers) > (
                self.bounds.header_bytes
            ):
                raise self._head_too_large()
            check_head(self.parser.get_http_version(), self.headers)
        except FrontdeskError as refusal:
            self.refusal = refusal
            raise
        self.in_head, self.body_bytes = False, 0
        self.body_began = self.loop.time()
        self._within(self.bounds.body_s, self._body_late)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        if not self.excess:
            self.body_bytes += len(body)
            super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is whole."""
        if not self.excess:
            self._within(None)
            super().on_message_complete()

    def on_response_complete(self) -> None:
        """The answer is written: the next request may come, within a time."""
        if self.cycle.more_body:
            self.finish()
        if self.ending:
            self.server_state.total_requests += 1
        else:
            super().on_response_complete()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        cycle.transport = _Outlet(self, self.transport)  # type: ignore[assignment]  # all it uses
        super()._start_asgi_task(cycle, cast(Any, _closing_early(cycle, app)))

    def pause_writing(self) -> None:
        """The client does not read: it has a while to begin with that again."""
        super().pause_writing()
        self.write_deadline = self.loop.call_later(self.bounds.write_s, self.transport.abort)

    def resume_writing(self) -> None:
        """The client has read."""
        super().resume_writing()
        if self.write_deadline:
            self.write_deadline.cancel()

    def timeout_keep_alive_handler(self) -> None:
        """No request came."""
        self.finish()

    def finish(self) -> None:
        """Closes the connection when the client has read what was written. What it still sends is
        read and dropped for a while: it would lose its answer else.
        """
        if self.ending:
            return
        self.ending = True
        self._unset_keepalive_if_required()
        self._within(self.bounds.write_s, self.transport.abort)
        unread = self.cycle is not None and self.cycle.more_body
        if (unread or self.in_head) and self.transport.can_write_eof():
            self.flow.resume_reading()
            self.transport.write_eof()
            self.loop.call_later(LINGER_S, self.transport.close)
        else:
            self.transport.close()

    def _begin_head(self) -> None:
        if not self.in_head:
            self.in_head, self.head_bytes = True, 0
            self._within(self.bounds.header_s, self._head_late)

    def _ahead(self) -> bool:
        """Whether the client is ahead of its answer, which is then its last one here."""
        cycle = self.cycle
        if not (cycle is None or cycle.response_complete or cycle.more_body):
            self.excess, cycle.keep_alive = True, False
        return self.excess

    def _last(self) -> None:
        if self.cycle is None or self.cycle.response_complete:
            self._refuse(Malformed("Nothing is upgraded here."))
        else:
            self.cycle.keep_alive = False

    def _head_too_large(self) -> HeadersTooLarge:
        return HeadersTooLarge(f"A head may have at most {self.bounds.header_bytes} bytes.")

    def _within(self, seconds: float | None, late: Callable[[], None] | None = None) -> None:
        if self.deadline:
            self.deadline.cancel()
        self.deadline = self.loop.call_later(seconds, late) if seconds and late else None

    def _head_late(self) -> None:
        if self.head_bytes:
            self._refuse(RequestTimeout("The headers took too long."))
        else:
            self.finish()

    def _body_late(self) -> None:
        due = self.body_began + self.bounds.body_s + self.body_bytes / LEAST_RATE
        left = due - self.loop.time()
        if left > 0 or self.flow.read_paused:  # where it is we who do not read, it is not late
            self._within(max(left, self.bounds.body_s), self._body_late)
        else:
            self._refuse(RequestTimeout("The body took too long."))

    def _refuse(self, error: FrontdeskError) -> None:
        """Answers what is no request, unless an answer is being written, and closes."""
        running = self.cycle is not None and not self.cycle.response_complete
        if running:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        if running and self.cycle.response_started:
            self.transport.abort()
        elif not self.ending:
            self.in_head = True
            self.transport.write(bare_problem(error))
            self.finish()


class _Outlet:
    """What a request writes to: its connection closes in its own way."""

    def __init__(self, connection: Connection, transport: asyncio.Transport) -> None:
        self.close, self.write = connection.finish, transport.write
        self.is_closing = transport.is_closing


def _closing_early(cycle: RequestResponseCycle, app: ASGIApp) -> ASGIApp:
    """The app; where it answers before the body is there, the connection ends with the answer."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        async def sent(message: Message) -> None:
            if cycle.more_body and not cycle.response_started:
                cycle.keep_alive = False
            await send(message)

        await app(scope, receive, sent)

    return serve
