"""Tools that change something in the world: once, whatever becomes of the process or the answer."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis
from tests.test_fleet import serving
from tests.test_killed import LEASE, Place, killed_at, settled
from tests.tool_calls import as_is
from tests.turns import Echo, begun, store

from frontdesk.contract.context import Ledger, TurnContext
from frontdesk.contract.effects import effect_of
from frontdesk.contract.errors import Fenced
from frontdesk.contract.keys import OwnerKeys
from frontdesk.contract.tools import Tool, tool
from frontdesk.sessions.store import Hold, Sessions
from frontdesk.testing import FakeOpenAI
from frontdesk.tools.calls import Result, call
from frontdesk.tools.effects import note_lost, recall


def payments(*, crash: bool = False) -> tuple[Tool, list[str]]:
    """A tool that pays, and the keys under which it did."""
    made: list[str] = []

    @tool(side_effect=True)
    async def pay(context: TurnContext, amount: int) -> str:
        """Pays."""
        made.append(context.effect_key)
        if crash:
            raise RuntimeError("the bank hung up")
        return f"paid {amount}"

    return pay, made


def try_of(sessions: Sessions, hold: Hold) -> TurnContext:
    """A turn as a process begins it anew: nothing is known but what is in Redis."""
    effects = sessions.effects(hold)
    return TurnContext(hold.message, hold.text, hold.session_id, ledger=Ledger(), effects=effects)


async def paid(pay: Tool, context: TurnContext, amount: int = 5) -> Result:
    return await call(pay, context, {"amount": amount}, as_is)


async def test_a_call_that_has_ended_gives_its_outcome_to_the_next_try(redis: Redis) -> None:
    sessions = store(redis)
    hold = await begun(sessions)
    pay, made = payments()
    first = await paid(pay, try_of(sessions, hold))
    again = await paid(pay, try_of(sessions, hold))
    assert (first.text, again.text, again.ok) == ("paid 5", "paid 5", True)
    assert len(made) == 1


async def test_the_same_call_twice_in_one_try_happens_twice_under_two_keys(redis: Redis) -> None:
    sessions = store(redis)
    context = try_of(sessions, await begun(sessions))
    pay, made = payments()
    await paid(pay, context)
    await paid(pay, context)
    assert len(set(made)) == 2


async def test_an_interrupted_call_is_of_unknown_outcome_and_not_repeated(redis: Redis) -> None:
    sessions = store(redis)
    hold = await begun(sessions)
    dead = try_of(sessions, hold)
    effect = effect_of(hold.session_id, hold.turn_id, "pay", '{"amount":5}', dead.ledger.effects)
    await dead.effects.begin(effect)
    pay, made = payments()
    context = try_of(sessions, hold)
    result = await paid(pay, context)
    assert "not known" in result.text
    assert "again" in result.text  # only in: do not call it again
    assert "try again" not in result.text.lower()
    assert made == []
    assert context.ledger.tools[0].unknown


async def test_a_claim_whose_answer_was_lost_is_made_once(redis: Redis) -> None:
    sessions = store(redis)
    hold = await begun(sessions)
    scripts = sessions._scripts
    sessions._scripts = Echo(redis, 60, 5, sessions.sealing)
    pay, made = payments()
    assert (await paid(pay, try_of(sessions, hold))).text == "paid 5"
    sessions._scripts = scripts
    assert len(made) == 1


async def test_a_failed_effect_never_invites_the_model_to_repeat_it(redis: Redis) -> None:
    sessions = store(redis)
    context = try_of(sessions, await begun(sessions))
    pay, _ = payments(crash=True)
    result = await paid(pay, context)
    assert "try again" not in result.text.lower()
    assert "outcome is unknown" in result.text
    assert context.ledger.tools[0].unknown


async def test_a_call_that_is_cut_off_is_in_history_with_an_unknown_outcome(redis: Redis) -> None:
    sessions = store(redis)
    context = try_of(sessions, await begun(sessions))
    reached = asyncio.Event()

    @tool(side_effect=True)
    async def hang() -> str:
        """Never comes back."""
        reached.set()
        await asyncio.Event().wait()
        return ""

    calling = asyncio.create_task(call(hang, context, {}, as_is))
    await reached.wait()
    calling.cancel()
    await asyncio.wait([calling])
    note_lost(context.ledger)
    called, output = context.ledger.items
    assert called["call_id"] == output["call_id"]
    assert "not known" in output["output"]


async def test_what_earlier_tries_did_is_recalled_in_its_order(redis: Redis) -> None:
    sessions = store(redis)
    hold = await begun(sessions)
    pay, _ = payments()
    dead = try_of(sessions, hold)
    for amount in (7, 5, 6):
        await paid(pay, dead, amount)
    context = try_of(sessions, hold)
    assert await recall(context) == ()
    outputs = [item["output"] for item in context.ledger.items if "output" in item]
    assert outputs == ["paid 7", "paid 5", "paid 6"]


async def test_an_effect_is_known_before_it_happens(redis: Redis) -> None:
    sessions = store(redis)
    hold = await begun(sessions)
    pay, _ = payments()
    await paid(pay, try_of(sessions, hold))
    await redis.delete(*[key async for key in redis.scan_iter(match="*:lease")])
    taken: list[Hold] = []

    async def turn(hold: Hold) -> None:
        taken.append(hold)
        assert await sessions.rounds.shown(hold) == "lasting"

    async with sessions.driving(turn):
        await sessions.drivers.attended(hold.owner, hold.session_id)
    assert taken[0].acted


async def test_a_process_that_lost_the_turn_changes_nothing_more(redis: Redis) -> None:
    sessions = store(redis)
    hold = await begun(sessions)
    pay, made = payments()
    await redis.hset(f"fd:{{{hold.owner}}}:t:turn_a", "fence", hold.fence + 1)
    with pytest.raises(Fenced):
        await paid(pay, try_of(sessions, hold))
    assert made == []


async def test_effects_are_forgotten_with_their_session(redis: Redis) -> None:
    sessions = store(redis)
    hold = await begun(sessions)
    pay, _ = payments()
    await paid(pay, try_of(sessions, hold))
    key = OwnerKeys(hold.owner).effects(hold.turn_id)
    assert await redis.ttl(key) > 0
    await sessions.forget(hold.owner, hold.session_id)
    assert not await redis.exists(key)


async def test_kill_9_during_an_effect_leaves_one_execution_and_its_outcome_reported(
    tmp_path: Path, upstream: FakeOpenAI
) -> None:
    place = Place(tmp_path / "plugins", "tool")
    told = LEASE | {"FRONTDESK_PLUGINS_DIR": str(place.folder)}
    async with serving(tmp_path / "data", upstream, **told) as one:
        session = (await one.chat("ann", "This comes first"))["session_id"]
        body = {"message": "kill me [tool:pay]", "session_id": session, "stream": True}
        await killed_at("tool", one, body, place, upstream)
    async with serving(tmp_path / "data", upstream, **told) as two:
        turn_id = (await settled(two, session, 2))[1]["turn_id"]
        user = {"X-Frontdesk-User": "ann"}
        answer: dict[str, Any] = (await two.http.get(f"/v1/turns/{turn_id}", headers=user)).json()
        upstream.reset()
        await two.chat("ann", "Was it paid?", session)
    (tool_use,) = answer["receipt"]["tools"]
    assert (tool_use["name"], tool_use["ok"], tool_use["unknown"]) == ("pay", False, True)
    assert answer["error"]["code"] == "interrupted"
    assert "not known" in answer["error"]["detail"]
    assert "not known" in str(upstream.requests[0].body["input"])
    assert place.paid == 1
