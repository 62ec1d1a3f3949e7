"""The client: messages in, turns out."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Self, TypedDict, Unpack
from uuid import uuid4

import httpx2
import orjson

from frontdesk.client.connection import Connection
from frontdesk.client.sessions import Sessions
from frontdesk.client.streams import Opening, Stream
from frontdesk.client.turns import Turns
from frontdesk.contract.facts import Fact
from frontdesk.contract.messages import OnBusy, OnDisconnect
from frontdesk.contract.turns import TurnResult
from frontdesk.sessions.codec import load

TIMEOUT_S = 330.0  # a turn has 300 s


class Options(TypedDict, total=False):
    """What a message may say beside its text (docs/http.md). Under one `idempotency_key` there is
    one turn, however often it is sent; without one the client makes it up.
    """

    session_id: str
    on_busy: OnBusy
    on_disconnect: OnDisconnect
    instructions: str
    metadata: Mapping[str, str]
    idempotency_key: str


class Client:
    """A frontdesk server, spoken to by one caller, as in `async with Client(url, key) as desk`.

    `key` is an API key or a token; a server on this machine may need none. `user` is for keys that
    act for users. `turns` and `sessions` are what the caller has. What a busy, stopping or
    unreachable server did not take is sent again a few times, as late as it asks for; each message
    has an Idempotency-Key, so none becomes two turns. Problems are the errors of
    `frontdesk.contract.errors`.
    """

    def __init__(
        self,
        url: str,
        key: str = "",
        *,
        user: str = "",
        timeout_s: float = TIMEOUT_S,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        who = [(b"Authorization", f"Bearer {key}".encode())] if key else []
        who += [(b"X-Frontdesk-User", user.encode())] if user else []
        self._http = httpx2.AsyncClient(
            base_url=url,
            headers=who,
            transport=transport,
            limits=httpx2.Limits(max_connections=None),
        )
        self._connection = Connection(self._http, timeout_s)
        self.turns = Turns(self._connection)
        self.sessions = Sessions(self._connection)

    async def __aenter__(self) -> Self:
        """Opens the client."""
        await self._http.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Closes all connections."""
        await self._http.__aexit__(kind, error, traceback)

    async def chat(self, message: str, **options: Unpack[Options]) -> TurnResult:
        """Sends a message and waits for its answer. A turn that waits for a person is an answer
        too.

        Raises:
            FrontdeskError: it was not taken in, or its turn failed; then the error names the turn.
        """
        request = _request(message, options)
        return await self._connection.value(TurnResult, "POST", "/v1/chat", **request)

    async def start(self, message: str, **options: Unpack[Options]) -> TurnResult:
        """Sends a message whose turn runs in the background; answers it as it stands.

        Raises:
            FrontdeskError: it was not taken in.
        """
        request = _request(message, options, background=True)
        return await self._connection.value(TurnResult, "POST", "/v1/chat", **request)

    @asynccontextmanager
    async def stream(self, message: str, **options: Unpack[Options]) -> AsyncIterator[Stream]:
        """Sends a message; its events come with `async for`, to the last of the turn. A turn that
        fails on the way says so in that event.

        Raises:
            FrontdeskError: it was not taken in.
        """
        request = _request(message, options, stream=True)
        stream = Stream(self._connection, Opening("POST", "/v1/chat", request))
        try:
            yield stream
        finally:
            await stream.aclose()

    async def facts(self) -> tuple[Fact, ...]:
        """What the caller asked to remember, oldest first."""
        found = await self._connection.data("GET", "/v1/users/me/facts")
        return tuple(load(Fact, orjson.dumps(each)) for each in found["facts"])

    async def remember(self, fact: str) -> Fact:
        """Remembers a fact from here on."""
        body = {"fact": fact}
        path = "/v1/users/me/facts"
        return await self._connection.value(Fact, "POST", path, json=body, repeats=False)

    async def forget_me(self) -> dict[str, Any]:
        """Forgets the caller everywhere; tells how many keys of each kind went."""
        return await self._connection.data("DELETE", "/v1/users/me")

    async def usage(self, **asked: str) -> dict[str, Any]:
        """What was used: `from`, `to` (days), `group_by`."""
        return await self._connection.data("GET", "/v1/usage", params=asked)


def _request(message: str, options: Options, **how: bool) -> dict[str, Any]:
    said = {name: value for name, value in options.items() if value}
    key = said.pop("idempotency_key", uuid4().hex)
    body = {"message": message, **said, **how}
    return {"json": body, "headers": {"Idempotency-Key": str(key)}}
