"""Turns for tests of the sessions: begun and ended without a desk."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from typing import Any

from redis.asyncio import Redis

from frontdesk.config import load_settings
from frontdesk.contract.context import Ledger, TurnContext
from frontdesk.contract.events import Event, TextDelta
from frontdesk.contract.messages import Caller, Message
from frontdesk.contract.turns import Receipt, Status, TurnResult
from frontdesk.sessions.draft import make_record
from frontdesk.sessions.log import Unwritten
from frontdesk.sessions.scripts import Scripts
from frontdesk.sessions.store import Begun, Hold, Sessions

ANN = Caller("acme", "ann")
NOTHING = Unwritten()


def store(redis: Redis, **settings: object) -> Sessions:
    return Sessions(redis, b"secret", load_settings(**settings))


def message(turn_id: str, session_id: str = "", **fields: Any) -> Message:
    return Message(turn_id, ANN, "raw text", session_id, **fields)


async def begin(sessions: Sessions, turn_id: str, session_id: str = "", **fields: Any) -> Begun:
    return await sessions.begin(message(turn_id, session_id, **fields), f"text {turn_id}", Ledger())


async def begun(
    sessions: Sessions, turn_id: str = "turn_a", session_id: str = "", **fields: Any
) -> Hold:
    hold = (await begin(sessions, turn_id, session_id, **fields)).hold
    assert hold
    return hold


def receipt(cost: str | None = "0.10") -> Receipt:
    return Receipt(1, 10, 0, 5, 0, cost, None, (), (), (), {}, 1.0)


async def end(
    sessions: Sessions,
    hold: Hold,
    answer: str = "",
    status: Status = "completed",
    pending: Unwritten = NOTHING,
    **how: Any,
) -> Hold | None:
    answer = answer or f"re {hold.text}"
    context = TurnContext(hold.message, hold.text, hold.session_id, ledger=hold.ledger)
    record = make_record(context, status, answer, "triage", how.get("agent"))
    result = TurnResult(hold.turn_id, hold.session_id, status, answer, receipt=receipt())
    return await sessions.commit(hold, record, result, pending, **{"agent": None, **how})


async def talk(sessions: Sessions, count: int, **how: Any) -> Hold:
    """A session of that many turns, and the next one begun."""
    hold = await begun(sessions, "turn_0")
    for number in range(1, count + 1):
        await end(sessions, hold, **how)
        hold = await begun(sessions, f"turn_{number}", hold.session_id)
    return hold


async def read(sessions: Sessions, hold: Hold, after: str | None = None) -> list[tuple[str, Event]]:
    async with (
        asyncio.timeout(10),
        aclosing(sessions.events(hold.owner, hold.turn_id, after)) as all_,
    ):
        return [found async for found in all_]


def delta(text: str, message: int = 0) -> TextDelta:
    return TextDelta("turn_a", text, message)


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - what is waited for is in the code under test
            await asyncio.sleep(0.002)


class Echo(Scripts):
    """Runs every script twice and answers the second time, as after a lost reply."""

    async def run(self, name: str, call: Any) -> Any:
        first, second = await super().run(name, call), await super().run(name, call)
        assert first == second
        return second

    async def run_indexed(self, name: str, calls: Any, leases: Any) -> list[Any]:
        first = await super().run_indexed(name, calls, leases)
        second = await super().run_indexed(name, calls, leases)
        assert first == second
        return second
