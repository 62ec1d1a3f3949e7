"""Drivers: turns run in tasks of their own, are taken over when their process is gone, and are
waited for at the end.
"""

import asyncio
from contextlib import aclosing
from typing import Any

import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs
from tests.turns import begin, begun, end, store, until

from frontdesk.contract.errors import Draining, Fenced
from frontdesk.contract.events import TextDelta, TurnCreated
from frontdesk.contract.keys import LEASES, OwnerKeys
from frontdesk.sessions.connection import open_redis
from frontdesk.sessions.store import Hold

LEASE_S = 0.3


class Process:
    """A process that runs turns; `gate` holds them up, `ran` is what it has begun to run."""

    def __init__(self, redis: Redis) -> None:
        self.sessions = store(redis, lease_s=LEASE_S)
        self.gate = asyncio.Event()
        self.gate.set()
        self.ran: list[Hold] = []
        self.cancelled: list[str] = []

    async def turn(self, hold: Hold) -> Hold | None:
        self.ran.append(hold)
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.cancelled.append(hold.turn_id)
            raise
        return await self.end(hold)

    async def end(self, hold: Hold) -> Hold | None:
        return await end(self.sessions, hold)

    async def begin(self, turn_id: str, session_id: str = "", **fields: Any) -> Hold:
        return await begun(self.sessions, turn_id, session_id, **fields)

    async def listed(self, hold: Hold) -> list[str]:
        return [r.id for r in await self.sessions.turns(hold.owner, hold.session_id, 100)]

    async def read(self, hold: Hold, turn_id: str = "") -> list[str]:
        turn = turn_id or hold.turn_id
        async with asyncio.timeout(10), aclosing(self.sessions.events(hold.owner, turn)) as events:
            return [event.kind async for _, event in events]


@pytest.fixture
def process(redis: Redis) -> Process:
    return Process(redis)


async def test_a_turn_runs_beside_its_caller_and_its_queue_after_it(process: Process) -> None:
    process.gate.clear()
    async with process.sessions.driving(process.turn):
        hold = await process.begin("turn_a")
        process.sessions.start(hold)
        await begin(process.sessions, "turn_b", hold.session_id)
        process.gate.set()
        assert await process.read(hold, "turn_b") == ["turn.queued", "turn.completed"]
    assert await process.listed(hold) == ["turn_a", "turn_b"]


async def test_a_running_turn_keeps_its_lease(process: Process, redis: Redis) -> None:
    process.gate.clear()
    async with process.sessions.driving(process.turn):
        hold = await process.begin("turn_a")
        process.sessions.start(hold)
        await _renewed_beyond(redis, hold.due + 2 * LEASE_S)
        assert await redis.exists(OwnerKeys(hold.owner).session(hold.session_id, "lease"))
        process.gate.set()
    assert [hold.tries for hold in process.ran] == [0]
    assert await process.listed(hold) == ["turn_a"]


async def _renewed_beyond(redis: Redis, due: float) -> None:
    async with asyncio.timeout(10):
        while not await redis.zcount(LEASES, due, "+inf"):  # noqa: ASYNC110 - a server has no events
            await asyncio.sleep(0.01)


async def test_a_turn_whose_process_is_gone_is_taken_over(process: Process, redis: Redis) -> None:
    hold = await process.begin("turn_a")  # and nobody runs it
    async with process.sessions.driving(process.turn):
        await until(lambda: process.ran)
        await process.read(hold)
    (taken,) = process.ran
    assert (taken.turn_id, taken.tries, taken.fence) == ("turn_a", 1, 2)
    assert taken.message == hold.message
    with pytest.raises(Fenced):
        await process.end(hold)
    assert await process.listed(hold) == ["turn_a"]
    assert await redis.zcard(LEASES) == 0


async def test_what_waited_behind_a_dead_turn_runs_after_it(process: Process) -> None:
    hold = await process.begin("turn_a")
    for turn_id in ("turn_b", "turn_c"):
        await begin(process.sessions, turn_id, hold.session_id)
    async with process.sessions.driving(process.turn):
        await process.read(hold, "turn_c")
    assert await process.listed(hold) == ["turn_a", "turn_b", "turn_c"]
    assert [hold.tries for hold in process.ran] == [1, 0, 0]


async def test_the_next_message_has_a_dead_turn_taken_over_at_once(
    process: Process, redis: Redis
) -> None:
    hold = await process.begin("turn_a")
    await redis.delete(OwnerKeys(hold.owner).session(hold.session_id, "lease"), LEASES)
    async with process.sessions.driving(process.turn):
        await begin(process.sessions, "turn_b", hold.session_id)
        await process.read(hold, "turn_b")
    assert await process.listed(hold) == ["turn_a", "turn_b"]


async def test_a_reader_has_a_dead_turn_taken_over(process: Process, redis: Redis) -> None:
    hold = await process.begin("turn_a")
    await redis.delete(OwnerKeys(hold.owner).session(hold.session_id, "lease"), LEASES)
    async with process.sessions.driving(process.turn):
        assert await process.read(hold) == ["turn.completed"]
    assert process.sessions.counts == {"recovered": 1}


async def test_only_one_process_takes_a_turn_over(
    process: Process, redis: Redis, redis_url: str
) -> None:
    async with open_redis(redis_url) as other:
        twin = Process(other)
        holds = [await process.begin(f"turn_{n}") for n in range(10)]
        async with process.sessions.driving(process.turn), twin.sessions.driving(twin.turn):
            for hold in holds:
                await process.read(hold)
    assert len(process.ran) + len(twin.ran) == 10


async def test_a_turn_that_was_taken_over_is_stopped_here(process: Process, redis: Redis) -> None:
    process.gate.clear()
    async with process.sessions.driving(process.turn):
        hold = await process.begin("turn_a")
        process.sessions.start(hold)
        await redis.hincrby(OwnerKeys(hold.owner).session(hold.session_id, "meta"), "fence", 1)
        await until(lambda: process.cancelled)
    assert process.cancelled == ["turn_a"]
    assert process.sessions.counts == {"fenced": 1}


async def test_what_was_shown_before_a_takeover_is_known(process: Process) -> None:
    hold = await process.begin("turn_a", stream=True)
    writer = process.sessions.writer(hold)
    await writer.put(TurnCreated("turn_a", hold.session_id))
    assert await process.sessions.rounds.shown(hold) == "nothing"
    await writer.put(TextDelta("turn_a", "so", 0))
    assert await process.sessions.rounds.shown(hold) == "lasting"


async def test_a_turn_that_fails_is_logged_without_its_words_and_tried_again(
    process: Process,
) -> None:
    async def turn(hold: Hold) -> Hold | None:
        if not hold.tries:
            raise ValueError("secret words")
        return await process.turn(hold)

    with capture_logs() as logs:
        async with process.sessions.driving(turn):
            hold = await process.begin("turn_a")
            process.sessions.start(hold)
            assert await process.read(hold) == ["turn.completed"]
    failed = next(entry for entry in logs if entry["event"] == "task.failed")
    assert (failed["error"], failed["at"].partition(":")[0]) == ("ValueError", "test_drivers.py")
    assert "secret words" not in str(logs)


async def test_the_end_waits_for_turns_that_run_and_takes_no_new_ones(process: Process) -> None:
    process.gate.clear()
    async with process.sessions.driving(process.turn):
        hold = await process.begin("turn_a")
        process.sessions.start(hold)
        await until(lambda: process.ran)
        opener = asyncio.create_task(_open_when_refused(process))
    await opener
    assert await process.listed(hold) == ["turn_a"]


async def _open_when_refused(process: Process) -> None:
    async with asyncio.timeout(10):
        while True:
            try:
                await begin(process.sessions, "turn_z")
            except Draining:
                return process.gate.set()
            await asyncio.sleep(0.005)


async def test_the_end_does_not_wait_for_ever(process: Process) -> None:
    process.gate.clear()
    async with process.sessions.driving(process.turn, drain_s=0.05):
        process.sessions.start(await process.begin("turn_a"))
        await until(lambda: process.ran)
    assert process.cancelled == ["turn_a"]


async def test_turns_start_only_where_drivers_are(process: Process) -> None:
    with pytest.raises(RuntimeError):
        process.sessions.start(await process.begin("turn_a"))
