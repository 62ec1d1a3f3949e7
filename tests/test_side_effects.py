"""Tools that change something in the world: written down before, and only by who has the turn."""

import pytest
from redis.asyncio import Redis

from frontdesk.config import Settings
from frontdesk.contract.context import Ledger, TurnContext
from frontdesk.contract.errors import Fenced
from frontdesk.contract.messages import Caller, Message
from frontdesk.contract.tools import Tool, tool
from frontdesk.sessions.store import Hold, Sessions
from frontdesk.tools.calls import call


async def begun(sessions: Sessions) -> Hold:
    message = Message("turn_a", Caller("local", "ann"), "pay")
    hold = (await sessions.begin(message, "pay", Ledger())).hold
    assert hold
    return hold


async def test_a_change_is_known_before_it_happens(redis: Redis, settings: Settings) -> None:
    sessions = Sessions(redis, b"secret", settings)
    hold = await begun(sessions)
    await sessions.act(hold)
    await redis.delete(*[key async for key in redis.scan_iter(match="*:lease")])
    taken: list[Hold] = []

    async def turn(hold: Hold) -> None:
        taken.append(hold)
        assert await sessions.shown(hold)

    async with sessions.driving(turn):
        await sessions._drivers.attended(hold.owner, hold.session_id)
    assert taken[0].acted


async def test_a_process_that_lost_the_turn_changes_nothing_more(
    redis: Redis, settings: Settings
) -> None:
    sessions, changed = Sessions(redis, b"secret", settings), []
    hold = await begun(sessions)

    @tool(side_effect=True)
    async def pay() -> str:
        """Pays."""
        changed.append("paid")
        return "paid"

    await redis.hset(f"fd:{{{hold.owner}}}:t:turn_a", "fence", hold.fence + 1)
    with pytest.raises(Fenced):
        await called(pay, sessions, hold)
    assert changed == []


async def called(tool: Tool, sessions: Sessions, hold: Hold) -> str:
    async def unchecked(result: str, _ledger: Ledger) -> str:
        return result

    async def act() -> None:
        await sessions.act(hold)

    context = TurnContext(hold.message, hold.text, hold.session_id, before_effect=act)
    return (await call(tool, context, {}, unchecked)).text
