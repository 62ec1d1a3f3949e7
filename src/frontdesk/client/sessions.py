"""The caller's sessions."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, TypeAlias

import orjson

from frontdesk.client.connection import Connection, without_none
from frontdesk.client.turns import record_of
from frontdesk.contract.turns import SessionInfo, TurnRecord
from frontdesk.sessions.codec import load

PAGE = 100
Page: TypeAlias = Sequence[dict[str, Any]]


class Sessions:
    """The sessions of the caller, by id."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def list(self) -> AsyncIterator[SessionInfo]:
        """All sessions, the last used first; they are fetched page by page."""
        async for page in self._pages("/v1/sessions", "sessions", "session_id"):
            for each in page:
                yield load(SessionInfo, orjson.dumps(each))

    async def get(self, session_id: str) -> SessionInfo:
        """One session.

        Raises:
            NotFound: there is none of this id.
        """
        return await self._connection.value(SessionInfo, "GET", f"/v1/sessions/{session_id}")

    async def turns(self, session_id: str) -> AsyncIterator[TurnRecord]:
        """The turns as a person saw them, oldest first."""
        async for page in self._pages(f"/v1/sessions/{session_id}/turns", "turns", "turn_id"):
            for each in page:
                yield record_of(each)

    async def change(
        self,
        session_id: str,
        *,
        title: str | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> SessionInfo:
        """Gives the session a title, or metadata in place of what it had."""
        body = without_none(title=title, metadata=metadata)
        path = f"/v1/sessions/{session_id}"
        return await self._connection.value(SessionInfo, "PATCH", path, json=body)

    async def forget(self, session_id: str) -> None:
        """Forgets the session and all that it left.

        Raises:
            NotFound: there is none of this id, or not any more.
        """
        await self._connection.ask("DELETE", f"/v1/sessions/{session_id}", repeats=False)

    async def export(self, session_id: str) -> bytes:
        """Everything of the session, as JSON Lines."""
        return (await self._connection.ask("GET", f"/v1/sessions/{session_id}/export")).content

    async def take_in(self, lines: bytes) -> SessionInfo:
        """A new session from an exported one."""
        headers = {"Content-Type": "application/jsonl"}
        path = "/v1/sessions/import"
        return await self._connection.value(
            SessionInfo, "POST", path, content=lines, headers=headers, repeats=False
        )

    async def _pages(self, path: str, name: str, key: str) -> AsyncIterator[Page]:
        asked: dict[str, Any] = {"limit": PAGE}
        more = True
        while more:
            found = await self._connection.data("GET", path, params=asked)
            page, more = found[name], found["has_more"]
            asked["after"] = page[-1][key] if page else ""
            yield page
