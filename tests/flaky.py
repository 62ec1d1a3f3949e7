"""A way to a server that breaks as it is told: connections that drop, servers that are busy."""

from collections import deque
from collections.abc import AsyncIterator, Callable

import httpx2

Fault = Callable[[httpx2.Request, httpx2.Response], httpx2.Response]


class Flaky(httpx2.AsyncBaseTransport):
    """Stands before a transport. Each request takes the next of `faults`: a number of bytes after
    which the answer breaks off, an error instead of sending, an answer in the server's place, or
    None for none.
    """

    def __init__(self, way: httpx2.AsyncBaseTransport) -> None:
        self.way = way
        self.faults: deque[int | Exception | httpx2.Response | None] = deque()
        self.sent: list[httpx2.Request] = []

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.sent.append(request)
        fault = self.faults.popleft() if self.faults else None
        if isinstance(fault, Exception):
            raise fault
        if isinstance(fault, httpx2.Response):
            fault.request = request
            return fault
        answer = await self.way.handle_async_request(request)
        if isinstance(fault, int):
            answer.stream = Cut(answer.stream, fault)
        return answer

    async def aclose(self) -> None:
        await self.way.aclose()


class Cut(httpx2.AsyncByteStream):
    """An answer's body that breaks off after so many bytes."""

    def __init__(self, body: object, after: int) -> None:
        assert isinstance(body, httpx2.AsyncByteStream)
        self.body, self.left = body, after

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self.body:
            yield piece[: self.left]
            self.left -= len(piece)
            if self.left <= 0:
                raise httpx2.ReadError("cut")

    async def aclose(self) -> None:
        await self.body.aclose()
