"""`on_busy: interrupt`: what runs is cut off, what waits is dropped, the new message is next."""

import asyncio
from contextlib import aclosing

import pytest
from redis.asyncio import Redis
from tests.turns import Echo

from frontdesk.config import Settings
from frontdesk.contract.context import Ledger
from frontdesk.contract.events import TextDelta
from frontdesk.contract.keys import OwnerKeys
from frontdesk.contract.messages import Caller, Message
from frontdesk.desk import Desk
from frontdesk.sessions.store import Sessions
from frontdesk.testing import FakeOpenAI, Visitor

LONG = "Tell me all of it [slow:0.02] [long:500]"


async def kinds(ann: Visitor, turn: str) -> list[str]:
    async with asyncio.timeout(10):
        return [event.kind for event in await ann.read(turn)]


async def test_the_new_message_is_answered_and_the_old_one_cut_off(ann: Visitor) -> None:
    await ann.ask("Hello there")
    running = await ann.send(LONG, stream=True)
    result = await ann.ask("Stop, I mean something else", on_busy="interrupt")
    assert result.status == "completed"
    assert (await kinds(ann, running))[-1] == "turn.cancelled"
    statuses = [record.status for record in await ann.records()]
    assert statuses == ["completed", "cancelled", "completed"]


async def test_the_readers_of_what_waited_are_told(ann: Visitor, upstream: FakeOpenAI) -> None:
    await ann.ask("Hello there")
    await ann.send(LONG, stream=True)
    waiting = [await ann.send("First heron"), await ann.send("Second heron")]
    assert (await ann.ask("Only this", on_busy="interrupt")).status == "completed"
    for turn in waiting:
        seen = await kinds(ann, turn)
        assert (seen[0], seen[-1]) == ("turn.queued", "turn.cancelled")
    assert "heron" not in str([request.body for request in upstream.requests])
    assert [r.user for r in await ann.records() if r.status == "completed"][-1] == "Only this"


async def test_a_free_session_is_not_interrupted(ann: Visitor) -> None:
    assert (await ann.ask("Hello there", on_busy="interrupt")).status == "completed"


async def test_it_is_never_refused_for_a_full_queue(ann: Visitor, settings: Settings) -> None:
    await ann.ask("Hello there")
    await ann.send(LONG, stream=True)
    for number in range(settings.max_waiting):
        await ann.send(f"Waiting {number}")
    assert (await ann.ask("Now this", on_busy="interrupt")).status == "completed"


async def test_the_last_of_many_interrupts_wins(ann: Visitor) -> None:
    await ann.ask("Hello there")
    turns = [await ann.send(f"{LONG} {n}", stream=True, on_busy="interrupt") for n in range(5)]
    assert (await ann.ask("This one", on_busy="interrupt")).status == "completed"
    assert {(await kinds(ann, turn))[-1] for turn in turns} == {"turn.cancelled"}


async def test_the_model_is_shown_a_marker_where_it_was_cut_off(
    ann: Visitor, upstream: FakeOpenAI
) -> None:
    await ann.ask("Hello there")
    running = await ann.send(LONG, stream=True)
    async with aclosing(ann.desk.sessions.events(ann.owner, running)) as events:
        async for _, event in events:
            if isinstance(event, TextDelta):
                break
    await ann.ask("And now?", on_busy="interrupt")
    said = [item["content"] for item in upstream.requests[-1].body["input"]]
    assert said[2:] == [LONG, "[interrupted]", "And now?"]


async def test_a_lost_reply_changes_nothing(
    redis: Redis, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("frontdesk.sessions.store.Scripts", Echo)
    sessions, ann = Sessions(redis, b"secret", settings), Caller("local", "ann")
    hold = (await sessions.begin(Message("turn_a", ann, "a"), "a", Ledger())).hold
    assert hold
    for turn in ("turn_b", "turn_c"):
        await sessions.begin(Message(turn, ann, turn, hold.session_id), turn, Ledger())
    last = Message("turn_d", ann, "d", hold.session_id, on_busy="interrupt")
    begun = await sessions.begin(last, "d", Ledger())
    assert (begun.state, begun.position) == ("queued", 1)
    listed = await sessions.turns(hold.owner, hold.session_id, 10)
    assert [record.id for record in listed] == ["turn_b", "turn_c"]
    mark = await redis.hget(OwnerKeys(hold.owner).turn("turn_a"), "cancel")
    assert mark == b"immediate"


@pytest.mark.parametrize("waits", [0, 2])
async def test_a_dead_holders_turn_is_ended_and_the_new_one_runs(
    desk: Desk, ann: Visitor, settings: Settings, redis: Redis, upstream: FakeOpenAI, waits: int
) -> None:
    dead = Sessions(redis, b"a secret for tests", settings)
    hold = (await dead.begin(Message("turn_a", ann.caller, "one"), "one", Ledger())).hold
    assert hold
    for number in range(waits):
        message = Message(f"turn_{number}", ann.caller, "x", hold.session_id)
        await dead.begin(message, "x", Ledger())
    await redis.delete(OwnerKeys(ann.owner).session(hold.session_id, "lease"))
    ann.session_id = hold.session_id
    assert (await ann.ask("two", on_busy="interrupt")).status == "completed"
    statuses = [record.status for record in await ann.records()]
    assert (sorted(statuses), upstream.calls) == (["cancelled"] * (waits + 1) + ["completed"], 1)
