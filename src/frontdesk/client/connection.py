"""Requests to one server, sent again where that doubles nothing."""

import asyncio
import random
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import aclosing
from typing import Any, TypeAlias, TypeVar, cast

import httpx2
import orjson

from frontdesk.client.failures import failure_of, passes, unreachable
from frontdesk.contract.errors import FrontdeskError
from frontdesk.sessions.codec import load

TRIES = 6
FIRST_PAUSE_S = 0.25
SILENT_S = 45.0  # a server that lives sends a comment every 15 s
NEVER_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)

Value = TypeVar("Value")
Frames: TypeAlias = AsyncGenerator[httpx2.ServerSentEvent, None]


class Connection:
    """One server, and who asks it. `timeout_s` bounds an answer that is not a stream."""

    def __init__(self, http: httpx2.AsyncClient, timeout_s: float) -> None:
        self.http = http
        self._timeout = httpx2.Timeout(timeout_s, connect=5.0)
        self._streaming = httpx2.Timeout(SILENT_S, connect=5.0)

    async def ask(
        self, method: str, path: str, *, repeats: bool = True, **request: Any
    ) -> httpx2.Response:
        """The good answer to a request. `repeats` says that the server does it once however often
        it is asked; else it is asked again only where it surely did nothing.

        Raises:
            FrontdeskError: the problem that the server told, or `Unreachable`.
        """
        for pause in pauses():
            try:
                answer = await self.http.request(method, path, timeout=self._timeout, **request)
            except httpx2.TransportError as error:
                if pause is None or not (repeats or isinstance(error, NEVER_SENT)):
                    raise unreachable(error) from error
                await asyncio.sleep(pause)
                continue
            if answer.is_success:
                return answer
            failure = failure_of(answer)
            if pause is None or not passes(answer, failure):
                raise failure
            await asyncio.sleep(failure.retry_after_s or pause)
        raise AssertionError("the last try answers or raises")

    async def value(self, kind: type[Value], method: str, path: str, **request: Any) -> Value:
        """The answer as this dataclass.

        Raises:
            FrontdeskError: as `ask`.
        """
        return load(kind, (await self.ask(method, path, **request)).content)

    async def data(self, method: str, path: str, **request: Any) -> dict[str, Any]:
        """The answer as it is.

        Raises:
            FrontdeskError: as `ask`.
        """
        found: dict[str, Any] = orjson.loads((await self.ask(method, path, **request)).content)
        return found

    async def frames(
        self, method: str, path: str, **request: Any
    ) -> AsyncGenerator[httpx2.ServerSentEvent | None, None]:
        """What one connection streams; first None, when the server has answered well.

        Raises:
            httpx2.TransportError: the connection failed or broke off.
            Refused: the server answered a problem.
        """
        send = self.http.stream(method, path, timeout=self._streaming, **request)
        async with send as answer:
            if not answer.is_success:
                await answer.aread()
                failure = failure_of(answer)
                raise Refused(failure, passing=passes(answer, failure))
            if answer.status_code == httpx2.codes.NO_CONTENT:
                raise NothingMore
            yield None
            source = aiter(httpx2.EventSource(answer))
            async with aclosing(cast(Frames, source)) as events:
                async for event in events:
                    yield event


class Refused(Exception):
    """A stream did not begin; `passing` where it may in a moment."""

    def __init__(self, failure: FrontdeskError, *, passing: bool) -> None:
        super().__init__(failure.detail)
        self.failure, self.passing = failure, passing


class NothingMore(Exception):
    """There are no events after those that were seen."""


def pauses() -> Iterator[float | None]:
    """How long to wait after each try that failed, in seconds; None after the last."""
    for number in range(TRIES - 1):
        yield FIRST_PAUSE_S * 2**number * random.uniform(0.5, 1.5)  # noqa: S311 - no secret
    yield None


def without_none(**fields: Any) -> Mapping[str, Any]:
    """The fields that were given."""
    return {name: value for name, value in fields.items() if value is not None}
