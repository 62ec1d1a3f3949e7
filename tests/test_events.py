"""The readers of a turn's events: the same for all of them, and never waiting in vain."""

import asyncio
from contextlib import aclosing
from dataclasses import replace

import pytest
from redis.asyncio import Redis
from tests.turns import begun, delta, end, read, store

from frontdesk.contract.context import Ledger
from frontdesk.contract.errors import (
    Fenced,
    Interrupted,
    InvalidRequest,
    NotFound,
)
from frontdesk.contract.events import (
    AgentChanged,
    TextDelta,
    TurnCreated,
    TurnEnded,
    TurnQueued,
)
from frontdesk.contract.keys import OwnerKeys
from frontdesk.contract.messages import Caller, Message
from frontdesk.contract.turns import (
    TurnRecord,
    TurnResult,
)
from frontdesk.sessions.codec import dump_event
from frontdesk.sessions.connection import open_redis


async def test_every_reader_sees_the_same_events_under_the_same_ids(redis: Redis) -> None:
    sessions = store(redis)
    hold = await begun(sessions, stream=True)
    live = asyncio.create_task(read(sessions, hold))
    writer = sessions.writer(hold)
    for number in range(5):
        await writer.put(delta(f"{number} "))
        await writer.put(AgentChanged("turn_a", "law"))
    await end(sessions, hold, pending=writer.take())
    later = await read(sessions, hold)
    assert await live == later
    assert [event_id for event_id, _ in later] == [f"1-{n}" for n in range(1, len(later) + 1)]
    assert "".join(e.text for _, e in later if isinstance(e, TextDelta)) == "0 1 2 3 4 "
    assert isinstance(later[-1][1], TurnEnded)


async def test_reading_goes_on_after_the_last_event_that_was_seen(redis: Redis) -> None:
    sessions = store(redis)
    hold = await begun(sessions)
    writer = sessions.writer(hold)
    for number in range(250):
        await writer.put(AgentChanged("turn_a", str(number)))
    await end(sessions, hold, pending=writer.take())
    every = await read(sessions, hold)
    assert len(every) == 251
    assert await read(sessions, hold, "1-9") == every[9:]
    assert await read(sessions, hold, "1-251") == []


async def test_a_reader_in_another_process_is_woken(redis: Redis, redis_url: str) -> None:
    sessions = store(redis)
    hold = await begun(sessions, stream=True)
    async with open_redis(redis_url) as other:
        elsewhere = store(other)
        async with aclosing(elsewhere.events(hold.owner, hold.turn_id)) as events:
            first = asyncio.ensure_future(anext(events))
            await _subscribed(redis, OwnerKeys(hold.owner).events(hold.turn_id))
            started = asyncio.get_running_loop().time()
            await sessions.writer(hold).put(delta("a"))
            assert await first == ("1-1", delta("a"))
            assert asyncio.get_running_loop().time() - started < 0.5
        await end(sessions, hold)
        assert await redis.pubsub_channels() == []


async def _subscribed(redis: Redis, channel: str) -> None:
    async with asyncio.timeout(10):
        while not await redis.pubsub_channels(channel):  # noqa: ASYNC110 - a server has no events
            await asyncio.sleep(0.002)


async def test_a_queued_turn_shows_its_place_and_then_its_end(redis: Redis) -> None:
    sessions = store(redis)
    hold = await begun(sessions)
    waiting = Message("turn_b", Caller("acme", "ann"), "hi", hold.session_id)
    await sessions.begin(waiting, "hi", Ledger())
    following = await end(sessions, hold)
    assert following
    await end(sessions, following)
    events = await read(sessions, following)
    assert events[0] == ("0-1", TurnQueued("turn_b", hold.session_id, 1))
    assert [event_id for event_id, _ in events] == ["0-1", "2-1"]


async def test_a_refused_turn_has_events_too(redis: Redis) -> None:
    sessions = store(redis)
    message = Message("turn_a", Caller("acme", "ann"), "")
    noted = await sessions.note(message, TurnResult("turn_a", "", "blocked", "Sorry."))
    async with aclosing(sessions.events(sessions.owner(message.caller), "turn_a")) as events:
        kinds = [(event_id, event.kind) async for event_id, event in events]
    assert kinds == [("0-1", "turn.created"), ("0-2", "turn.blocked")]
    assert noted.session_id


async def test_an_ended_turn_whose_log_is_gone_still_has_its_end(redis: Redis) -> None:
    sessions = store(redis)
    hold = await begun(sessions)
    writer = sessions.writer(hold)
    await writer.put(TurnCreated("turn_a", hold.session_id))
    await end(sessions, hold, pending=writer.take())
    await redis.delete(OwnerKeys(hold.owner).events(hold.turn_id))
    ((event_id, event),) = await read(sessions, hold, "1-1")
    assert (event_id, event.kind) == ("1-2", "turn.completed")
    assert await read(sessions, hold, "1-2") == []


async def test_an_unknown_turn_is_not_found_before_its_first_event(redis: Redis) -> None:
    sessions = store(redis)
    hold = await begun(sessions)
    with pytest.raises(NotFound):
        await read(sessions, replace(hold, owner="somebody"))


@pytest.mark.parametrize("after", ["", "1", "1-x", "-1-1", "1-1-1", "9" * 30 + "-1"])
async def test_an_id_that_is_none_is_refused(redis: Redis, after: str) -> None:
    sessions = store(redis)
    hold = await begun(sessions)
    with pytest.raises(InvalidRequest):
        await read(sessions, hold, after)


async def test_a_reader_of_a_forgotten_turn_is_told(redis: Redis) -> None:
    sessions = store(redis)
    hold = await begun(sessions, stream=True)
    writer = sessions.writer(hold)
    await writer.put(delta("a"))
    async with aclosing(sessions.events(hold.owner, hold.turn_id)) as events:
        await anext(events)
        await sessions.forget(hold.owner, hold.session_id)
        with pytest.raises(NotFound):
            await anext(events)


async def test_a_writer_of_a_forgotten_turn_leaves_nothing_behind(redis: Redis) -> None:
    sessions = store(redis)
    hold = await begun(sessions, stream=True)
    await sessions.forget(hold.owner, hold.session_id)
    with pytest.raises(Fenced):
        await sessions.writer(hold).put(delta("a"))
    assert not await redis.exists(OwnerKeys(hold.owner).events(hold.turn_id))


async def test_a_reader_does_not_wait_for_ever_for_a_dead_process(redis: Redis) -> None:
    sessions = store(redis, lease_s=0.2)
    hold = await begun(sessions)
    with pytest.raises(Interrupted):
        await read(sessions, hold)


async def test_events_written_twice_are_there_once(redis: Redis) -> None:
    sessions = store(redis)
    hold = await begun(sessions, stream=True)
    writer = sessions.writer(hold)
    await writer.put(delta("a"))
    entries = (1, *dump_event(delta("a"))), (2, *dump_event(delta("b")))
    pending = replace(writer.take(), entries=entries, following=3)
    record = TurnRecord(hold.turn_id, "completed", "", "hi", "bye")
    result = TurnResult(hold.turn_id, hold.session_id, "completed", "bye")
    await sessions.commit(hold, record, result, pending, agent=None)
    assert [event_id for event_id, _ in await read(sessions, hold)] == ["1-1", "1-2", "1-3"]
