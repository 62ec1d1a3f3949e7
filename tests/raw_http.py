"""Bytes to a server, and what comes back: for what no HTTP library would send."""

import asyncio
import re
import socket
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from typing import NamedTuple

import uvicorn
from starlette.types import ASGIApp
from tests.redis_topologies import until

from frontdesk.server.connections import Bounds, Connections

PATIENCE_S = 5.0


class Reply(NamedTuple):
    """All bytes until the server closed (or, where it did not, until `whole` was satisfied)."""

    data: bytes
    closed: bool

    @property
    def statuses(self) -> list[int]:
        """The statuses of the answers, in their order."""
        return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", self.data)]

    @property
    def body(self) -> bytes:
        """What follows the first head."""
        return self.data.partition(b"\r\n\r\n")[2]


class Line:
    """A connection of a client that writes and reads bytes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def send(self, *pieces: bytes) -> None:
        """Sends each piece by itself. What a server does not read any more is its own affair."""
        with suppress(ConnectionError):
            for piece in pieces:
                self.writer.write(piece)
                await self.writer.drain()

    async def reply(self, seconds: float = PATIENCE_S) -> Reply:
        """Everything until the server closes, or sends nothing more for so long."""
        data = b""
        try:
            async with asyncio.timeout(seconds):
                while piece := await self.reader.read(65_536):
                    data += piece
        except TimeoutError:
            return Reply(data, closed=False)
        except ConnectionError:
            pass
        return Reply(data, closed=True)

    async def head(self) -> bytes:
        """One head of an answer."""
        async with asyncio.timeout(PATIENCE_S):
            return await self.reader.readuntil(b"\r\n\r\n")


@asynccontextmanager
async def line(port: int, receive_bytes: int = 0) -> AsyncIterator[Line]:
    """A connection to that port of this machine; with a small buffer for what it receives."""
    end = socket.socket()
    if receive_bytes:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
    end.setblocking(False)
    await asyncio.get_running_loop().sock_connect(end, ("127.0.0.1", port))
    reader, writer = await asyncio.open_connection(sock=end)
    try:
        yield Line(reader, writer)
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def exchange(port: int, *pieces: bytes, seconds: float = PATIENCE_S) -> Reply:
    """Sends pieces on a connection of their own; what comes back."""
    async with line(port) as opened:
        await opened.send(*pieces)
        return await opened.reply(seconds)


def request(
    target: str = "/", method: str = "GET", headers: Iterable[str] = (), body: bytes = b""
) -> bytes:
    """A well-formed request."""
    lines = [f"{method} {target} HTTP/1.1", "Host: localhost", *headers]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


async def _started(server: uvicorn.Server) -> bool:
    return server.started


@asynccontextmanager
async def listening(app: ASGIApp, bounds: Bounds) -> AsyncIterator[int]:
    """The app behind our connections, in this process; its port."""
    connections: object = Connections(bounds)
    config = uvicorn.Config(
        app,
        http=connections,  # type: ignore[arg-type]  # what uvicorn calls a class, it only calls
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
    )
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        await until(lambda: _started(server))
        yield listener.getsockname()[1]
        server.should_exit = server.force_exit = True
        await serving
