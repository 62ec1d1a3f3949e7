"""Connections: each has deadlines and a size, none can be held open for free (T31, T38)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from starlette.types import Message, Receive, Scope, Send
from tests.raw_http import exchange, line, listening, request
from tests.redis_topologies import until

from frontdesk.server.addresses import read_networks
from frontdesk.server.connections import Bounds

SHORT = 0.3
BOUNDS = Bounds(header_s=SHORT, body_s=SHORT, idle_s=SHORT, write_s=SHORT, header_bytes=4096)
CHUNKED = "Transfer-Encoding: chunked"


class Echo:
    """An app that answers with the body, except for some targets; it notes what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.writing = self.left = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked.append(scope["path"])
        body = await self._body(scope, receive)
        if body is None:
            return
        headers = [(name, value) for name, value in scope["headers"] if name == b"x-late"]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        if scope["path"] == "/endless":
            await self._write(receive, send)
        await send({"type": "http.response.body", "body": body})

    async def _body(self, scope: Scope, receive: Receive) -> bytes | None:
        body, more = b"", scope["path"] != "/early"
        while more:
            message: Message = await receive()
            if message["type"] == "http.disconnect":
                self.left += 1
                return None
            body, more = body + message["body"], message["more_body"]
        return body

    async def _write(self, receive: Receive, send: Send) -> None:
        leaving = asyncio.ensure_future(receive())
        self.writing += 1
        while not leaving.done():
            await send({"type": "http.response.body", "body": b"x" * 65_536, "more_body": True})
            await asyncio.sleep(0)
        self.writing -= 1


@asynccontextmanager
async def echoing(bounds: Bounds = BOUNDS) -> AsyncIterator[tuple[Echo, int]]:
    echo = Echo()
    async with listening(echo, bounds) as port:
        yield echo, port


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\nHost: loc",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX-A: b\r\n",
        request("/", "POST", ["Content-Length: 9"]) + b"abc",
        request("/", "POST", ["Content-Length: 9"]),
        request("/", "POST", [CHUNKED]) + b"3\r\nab",
        request("/", "POST", [CHUNKED]) + b"3\r\nabc\r\n",
        request("/", "POST", [CHUNKED]) + b"3;" + b"a" * 50,
    ],
)
async def test_t31_what_does_not_come_to_its_end_is_let_go(sent: bytes) -> None:
    async with echoing() as (_, port):
        reply = await exchange(port, sent)
    assert (reply.statuses, reply.closed) == ([408], True)
    assert b"request_timeout" in reply.body


@pytest.mark.parametrize("first", [b"", request()], ids=["new", "after an answer"])
async def test_t31_a_connection_that_is_idle_is_closed(first: bytes) -> None:
    async with echoing() as (_, port):
        reply = await exchange(port, *filter(None, [first]))
    assert (reply.statuses, reply.closed) == ([200] if first else [], True)


async def test_t31_headers_that_trickle_do_not_move_their_deadline() -> None:
    async with echoing() as (echo, port), line(port) as opened:

        async def trickle() -> None:
            for byte in request("/", headers=["X-A: " + "b" * 100]):
                await opened.send(bytes([byte]))
                await asyncio.sleep(0.05)

        trickling = asyncio.create_task(trickle())
        assert (await opened.reply()).statuses == [408]
        trickling.cancel()
    assert echo.asked == []


async def test_t31_a_body_that_makes_progress_has_the_time_that_it_needs() -> None:
    async with echoing() as (_, port), line(port) as opened:
        await opened.send(request("/", "POST", ["Content-Length: 9000"]))
        for _ in range(9):
            await opened.send(b"x" * 1000)
            await asyncio.sleep(SHORT / 3)
        reply = await opened.reply()
    assert reply.statuses == [200]
    assert b"x" * 900 in reply.body


async def test_t31_a_reader_that_does_not_read_is_let_go() -> None:
    async with echoing() as (echo, port), line(port, receive_bytes=4096) as opened:
        await opened.send(request("/endless"))
        await opened.head()

        async def gone() -> bool:
            return echo.asked == ["/endless"] and not echo.writing

        await until(gone, 5)


async def test_t31_a_slow_reader_that_reads_is_kept() -> None:
    async with echoing() as (echo, port), line(port, receive_bytes=65_536) as opened:
        await opened.send(request("/endless"))
        for _ in range(300):
            assert await opened.reader.read(65_536)
            await asyncio.sleep(0.002)
        assert echo.writing == 1


@pytest.mark.parametrize("bounds", [Bounds(connections=3), Bounds(per_address=3)])
async def test_t31_more_connections_than_may_be_open_are_refused(bounds: Bounds) -> None:
    async with echoing(bounds) as (echo, port):
        async with AsyncExitStack() as stack:
            opened = [await stack.enter_async_context(line(port)) for _ in range(3)]
            for each in opened:
                await each.send(request("/in"))
                await each.head()
            refused = await exchange(port)
            assert (refused.statuses, refused.closed) == ([503], True)
            assert b"Retry-After: 5\r\n" in refused.data

        async def welcome() -> bool:
            return (
                await exchange(port, request("/again", headers=["Connection: close"]))
            ).statuses == [200]

        await until(welcome, 5)
        assert "/out" not in echo.asked


async def test_t31_the_connections_of_a_trusted_proxy_are_not_counted() -> None:
    bounds = Bounds(per_address=1, trusted=read_networks(["127.0.0.0/8"]))
    async with echoing(bounds) as (_, port), line(port), line(port):
        reply = await exchange(port, request(headers=["Connection: close"]))
    assert reply.statuses == [200]


@pytest.mark.parametrize(
    "sent",
    [
        request(headers=["X-A: " + "a" * 5000]),
        b"GET / HTTP/1.1\r\nX-A: " + b"a" * 5000,
        request("/" + "a" * 5000),
        request(headers=[f"X-{n}: a" for n in range(101)]),
    ],
)
async def test_t38_a_head_has_a_size(sent: bytes) -> None:
    async with echoing() as (echo, port):
        reply = await exchange(port, sent)
    assert (reply.statuses, reply.closed, echo.asked) == ([431], True, [])


async def test_t38_a_request_before_the_answer_to_the_last_is_not_taken() -> None:
    async with echoing() as (echo, port):
        reply = await exchange(port, request("/one") + request("/two"), request("/three"))
    assert (reply.statuses, reply.closed, echo.asked) == ([200], True, ["/one"])


async def test_requests_on_one_connection_are_answered_one_after_the_other() -> None:
    async with echoing() as (echo, port), line(port) as opened:
        for number in range(3):
            await opened.send(request(f"/{number}", "POST", body=b"abc"))
            assert b" 200 OK" in await opened.head()
            assert await opened.reader.readuntil(b"0\r\n\r\n") == b"3\r\nabc\r\n0\r\n\r\n"
    assert echo.asked == ["/0", "/1", "/2"]


async def test_an_answer_before_the_end_of_the_body_is_read_and_the_connection_closed() -> None:
    async with echoing() as (_, port), line(port) as opened:
        await opened.send(request("/early", "POST", ["Content-Length: 900000"]))
        await opened.send(*[b"x" * 100_000] * 3)
        reply = await opened.reply()
    assert (reply.statuses, reply.closed) == ([200], True)
    assert b"connection: close" in reply.data


async def test_t38_trailers_do_not_become_headers() -> None:
    sent = request("/", "POST", [CHUNKED]) + b"3\r\nabc\r\n0\r\nX-Late: yes\r\n\r\n"
    async with echoing() as (_, port):
        reply = await exchange(port, sent)
    assert reply.statuses == [200]
    assert b"x-late" not in reply.data


async def test_the_app_learns_that_a_request_was_let_go() -> None:
    async with echoing() as (echo, port):
        await exchange(port, request("/", "POST", ["Content-Length: 9"]) + b"abc")
        assert echo.left == 1
