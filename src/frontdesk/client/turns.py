"""Turns that were started."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Literal

import orjson

from frontdesk.client.connection import Connection, without_none
from frontdesk.client.streams import Opening, Stream
from frontdesk.contract.cancellation import CancelMode
from frontdesk.contract.turns import TurnRecord, TurnResult
from frontdesk.sessions.codec import load


class Turns:
    """The caller's turns, by id."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def get(self, turn_id: str) -> TurnResult:
        """The turn as it stands; one that failed has its `error` here.

        Raises:
            NotFound: there is none of this id.
        """
        return await self._connection.value(TurnResult, "GET", f"/v1/turns/{turn_id}")

    @asynccontextmanager
    async def events(self, turn_id: str, after: str = "") -> AsyncIterator[Stream]:
        """The turn's events after the one of this id, live until the last.

        Raises:
            NotFound: there is no such turn.
        """
        path = f"/v1/turns/{turn_id}/events"
        stream = Stream(self._connection, Opening("GET", path), turn_id, after)
        try:
            yield stream
        finally:
            await stream.aclose()

    async def cancel(self, turn_id: str, mode: CancelMode = "immediate") -> TurnResult:
        """Has the turn end early; it is answered as it stands when it has not yet."""
        path = f"/v1/turns/{turn_id}/cancel"
        return await self._connection.value(TurnResult, "POST", path, json={"mode": mode})

    async def waiting(self) -> tuple[TurnResult, ...]:
        """The turns that wait for a person."""
        found = await self._connection.data("GET", "/v1/approvals")
        return tuple(load(TurnResult, orjson.dumps(each)) for each in found["turns"])

    async def approve(self, turn_id: str, approval_id: str) -> TurnResult:
        """Lets a call that waits be made.

        Raises:
            ApprovalDecided, ApprovalExpired: it does not wait any more.
            Unreachable: it is not known whether this was taken; `get` tells.
        """
        return await self._decide(turn_id, approval_id, "approve", "")

    async def reject(self, turn_id: str, approval_id: str, reason: str = "") -> TurnResult:
        """Refuses a call that waits; the reason is told to the model.

        Raises:
            ApprovalDecided, ApprovalExpired, Unreachable: as `approve`.
        """
        return await self._decide(turn_id, approval_id, "reject", reason)

    async def pin(self, turn_id: str) -> TurnRecord:
        """Has the turn stay among what models are shown of its session."""
        return record_of(await self._connection.data("POST", f"/v1/turns/{turn_id}/pin"))

    async def unpin(self, turn_id: str) -> TurnRecord:
        """Takes the turn's pin away."""
        return record_of(await self._connection.data("DELETE", f"/v1/turns/{turn_id}/pin"))

    async def feedback(
        self, turn_id: str, score: Literal[1, -1], comment: str | None = None
    ) -> dict[str, Any]:
        """Says what the user thought of the answer."""
        body = without_none(score=score, comment=comment)
        return await self._connection.data("POST", f"/v1/turns/{turn_id}/feedback", json=body)

    async def trace(self, turn_id: str) -> dict[str, Any]:
        """What happened in the turn, span by span."""
        return await self._connection.data("GET", f"/v1/turns/{turn_id}/trace")

    async def _decide(
        self, turn_id: str, approval_id: str, decision: str, reason: str
    ) -> TurnResult:
        body = {"approval_id": approval_id, "decision": decision} | (
            {"reason": reason} if reason else {}
        )
        path = f"/v1/turns/{turn_id}/approvals"
        return await self._connection.value(TurnResult, "POST", path, json=body, repeats=False)


def record_of(said: dict[str, Any]) -> TurnRecord:
    """A turn as a session lists it: what a person saw of it."""
    return load(TurnRecord, orjson.dumps({"id": said.pop("turn_id"), **said}))
