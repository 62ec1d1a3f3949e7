"""A busy session: order, idempotency, bounds."""

import asyncio
import random

import pytest
from redis.asyncio import Redis
from tests.turns import ANN, begin, begun, end, message, store

from frontdesk.contract.context import Ledger
from frontdesk.contract.errors import (
    InvalidRequest,
    NotFound,
    QueueFull,
    SessionBusy,
)
from frontdesk.contract.keys import OwnerKeys
from frontdesk.contract.turns import GuardrailNote
from frontdesk.sessions.connection import open_redis
from frontdesk.sessions.store import Begun, Hold, Sessions


async def test_the_same_turn_id_is_the_same_turn(redis: Redis) -> None:
    sessions = store(redis)
    hold = await begun(sessions, "turn_a", fingerprint="f")
    again = await begin(sessions, "turn_a", fingerprint="f")
    await end(sessions, hold)
    later = await begin(sessions, "turn_a", fingerprint="f")
    assert again == later == Begun("duplicate", "turn_a", hold.session_id)


async def test_the_same_turn_id_is_the_same_turn_while_it_waits(redis: Redis) -> None:
    sessions = store(redis)
    hold = await begun(sessions, "turn_a")
    await begin(sessions, "turn_b", hold.session_id)
    assert (await begin(sessions, "turn_b", hold.session_id)).state == "duplicate"
    following = await end(sessions, hold)
    assert following
    assert await end(sessions, following) is None


async def test_the_message_of_an_ended_turn_is_not_kept_beside_its_history(redis: Redis) -> None:
    sessions = store(redis)
    hold = await begun(sessions, "turn_a")
    record = OwnerKeys(hold.owner).turn("turn_a")
    assert await redis.hexists(record, "message")
    await end(sessions, hold)
    assert not await redis.hexists(record, "message")


async def test_the_same_turn_id_with_another_request_is_refused(redis: Redis) -> None:
    sessions = store(redis)
    await begun(sessions, "turn_a", fingerprint="f")
    with pytest.raises(InvalidRequest, match="Idempotency-Key"):
        await begin(sessions, "turn_a", fingerprint="g")


async def test_a_busy_session_is_refused_on_request(redis: Redis) -> None:
    sessions = store(redis)
    hold = await begun(sessions, "turn_a")
    with pytest.raises(SessionBusy) as busy:
        await begin(sessions, "turn_b", hold.session_id, on_busy="reject")
    assert busy.value.turn_id == "turn_a"
    with pytest.raises(NotFound):
        await sessions.result(hold.owner, "turn_b")


async def test_queued_turns_run_in_order_with_the_identity_they_came_with(redis: Redis) -> None:
    sessions = store(redis)
    hold = await begun(sessions, "turn_a")
    for place, turn_id in enumerate(("turn_b", "turn_c"), 1):
        queued = await begin(sessions, turn_id, hold.session_id, metadata={"k": turn_id})
        assert (queued.state, queued.position) == ("queued", place)
    order = []
    running: Hold | None = hold
    while running:
        said = dict(running.message.metadata)
        order.append((running.turn_id, running.fence, len(running.history), said))
        assert running.message.caller == ANN
        running = await end(sessions, running)
    assert order == [
        ("turn_a", 1, 0, {}),
        ("turn_b", 2, 1, {"k": "turn_b"}),
        ("turn_c", 3, 2, {"k": "turn_c"}),
    ]


async def test_what_the_guardrails_noted_waits_with_the_message(redis: Redis) -> None:
    sessions, note = store(redis), GuardrailNote("input", "pii", "pii", "redact")
    hold = await begun(sessions, "turn_a")
    await sessions.begin(message("turn_b", hold.session_id), "text", Ledger(notes=[note]))
    following = await end(sessions, hold)
    assert following
    assert following.ledger.notes == [note]


async def test_a_full_queue_is_refused(redis: Redis) -> None:
    sessions = store(redis, max_waiting=1)
    hold = await begun(sessions, "turn_a")
    await begin(sessions, "turn_b", hold.session_id)
    with pytest.raises(QueueFull):
        await begin(sessions, "turn_c", hold.session_id)


async def test_two_processes_lose_and_double_nothing(redis: Redis, redis_url: str) -> None:
    async with open_redis(redis_url) as other:
        both = [store(redis, max_waiting=20), store(other, max_waiting=20)]
        opened = [await begun(both[0], f"turn_{n}_0") for n in range(10)]
        for hold in opened:
            await end(both[0], hold)
        ran: list[str] = []
        await asyncio.gather(
            *(_chat(both, hold.session_id, n, ran) for n, hold in enumerate(opened))
        )
        for number, hold in enumerate(opened):
            listed = await both[0].turns(hold.owner, hold.session_id, 100)
            assert [record.id for record in listed] == [f"turn_{number}_{k}" for k in range(10)]
        assert len(ran) == len(set(ran)) == 90


async def _chat(both: list[Sessions], session_id: str, number: int, ran: list[str]) -> None:
    """Nine messages one after the other, each to either process; whoever holds a turn runs on."""
    drivers = []
    for turn in range(1, 10):
        sessions = random.choice(both)  # noqa: S311 - any of the two
        started = await begin(sessions, f"turn_{number}_{turn}", session_id)
        if started.hold:
            drivers.append(asyncio.ensure_future(_run(sessions, started.hold, ran)))
    await asyncio.gather(*drivers)


async def _run(sessions: Sessions, hold: Hold | None, ran: list[str]) -> None:
    while hold:
        ran.append(hold.turn_id)
        hold = await end(sessions, hold)
