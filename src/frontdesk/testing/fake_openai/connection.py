"""HTTP/1.1 on one connection: requests in, answers out at their pace, kept alive."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import cast

import httptools


@dataclass(frozen=True, slots=True)
class Asked:
    """One HTTP request as it came."""

    method: str
    path: str
    headers: Mapping[str, str]
    raw: bytes


@dataclass(frozen=True, slots=True)
class Answered:
    """One HTTP answer: `pieces` are seconds to wait and bytes to send then.

    A stream goes out in chunks. One that is `cut` breaks off: a stream after its pieces, a whole
    body in the middle.
    """

    pieces: Iterable[tuple[float, bytes]]
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    stream: bool = False
    cut: bool = False


Answer = Callable[[Asked], Answered]


class Connection(asyncio.Protocol):
    """One client's connection; it registers itself in `peers` while it is open."""

    def __init__(self, answer: Answer, peers: "set[Connection]") -> None:
        self._answer, self._peers = answer, peers
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport | None = None
        self.writing: asyncio.Task[None] | None = None
        self._path, self._headers, self._body = b"", dict[str, str](), bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client came."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is not its subclass
        self._peers.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """The client left: what is still being written to it stops."""
        self._transport = None
        self._peers.discard(self)
        if self.writing:
            self.writing.cancel()

    def data_received(self, data: bytes) -> None:
        """Bytes came; what is not HTTP ends the connection."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserCallbackError:
            raise
        except httptools.HttpParserError:
            self.close()

    def close(self) -> None:
        """Breaks the connection off."""
        if self._transport:
            self._transport.abort()

    def on_message_begin(self) -> None:
        """A request begins."""
        self._path, self._headers, self._body = b"", {}, bytearray()

    def on_url(self, url: bytes) -> None:
        """Its target, perhaps in parts."""
        self._path += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header."""
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_body(self, body: bytes) -> None:
        """A part of its body."""
        self._body += body

    def on_message_complete(self) -> None:
        """The request is whole: it is answered at once if nothing has to wait."""
        path = self._path.partition(b"?")[0].decode("latin-1")
        method = self._parser.get_method().decode()
        answered = self._answer(Asked(method, path, self._headers, bytes(self._body)))
        steps = list(_wire(answered))
        ends = answered.cut or not self._parser.should_keep_alive()
        if any(wait for wait, _ in steps):
            self.writing = asyncio.get_running_loop().create_task(self._write(steps, ends))
        else:
            self._send(b"".join(data for _, data in steps), ends)

    async def _write(self, steps: Iterable[tuple[float, bytes]], ends: bool) -> None:
        for wait, data in steps:
            if wait:
                await asyncio.sleep(wait)
            self._send(data, False)
        self.writing = None
        self._send(b"", ends)

    def _send(self, data: bytes, ends: bool) -> None:
        if self._transport:
            self._transport.write(data)
            if ends:
                self._transport.close()


def _wire(answered: Answered) -> Iterator[tuple[float, bytes]]:
    if answered.stream:
        yield 0.0, _head(answered, "transfer-encoding: chunked")
        for wait, piece in answered.pieces:
            yield wait, b"%x\r\n%b\r\n" % (len(piece), piece)
        if not answered.cut:
            yield 0.0, b"0\r\n\r\n"
        return
    pieces = list(answered.pieces)
    body = b"".join(piece for _, piece in pieces)
    head = _head(answered, f"content-length: {len(body)}")
    sent = body[: len(body) // 2] if answered.cut else body
    yield sum(wait for wait, _ in pieces), head + sent


def _head(answered: Answered, framing: str) -> bytes:
    kind = "text/event-stream; charset=utf-8" if answered.stream else "application/json"
    lines = [f"HTTP/1.1 {answered.status} {_phrase(answered.status)}", f"content-type: {kind}"]
    lines += [framing, *(f"{name}: {value}" for name, value in answered.headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase if status in HTTPStatus.__members__.values() else "Error"
