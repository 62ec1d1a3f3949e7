"""Sessions: begin and commit, fences, totals, lookups."""

from dataclasses import replace
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.asyncio.connection import UnixDomainSocketConnection
from tests.turns import ANN, Echo, begin, begun, end, message, store, talk

from frontdesk.contract.context import Ledger
from frontdesk.contract.errors import (
    Fenced,
    NotFound,
    StoreUnavailable,
)
from frontdesk.contract.keys import OwnerKeys
from frontdesk.contract.messages import Caller
from frontdesk.contract.turns import TurnResult
from frontdesk.sessions.connection import open_redis
from frontdesk.sessions.scripts import Scripts
from frontdesk.sessions.sealing import Sealing


async def test_a_turn_remembers_the_turns_before_it(redis: Redis) -> None:
    hold = await talk(store(redis), 3)
    assert [record.id for record in hold.history] == ["turn_0", "turn_1", "turn_2"]
    assert hold.history[0].items[1] == {"role": "assistant", "content": "re text turn_0"}


async def test_the_raw_text_is_stored_nowhere(redis: Redis) -> None:
    sessions = store(redis)
    hold = await begun(sessions, "turn_a")
    await begin(sessions, "turn_b", hold.session_id)
    await end(sessions, hold)
    for key in await redis.keys("*turn_*"):
        if await redis.type(key) == b"hash":
            values: Any = await redis.hvals(key)
            assert b"raw text" not in b"".join(values)
    assert hold.message.text == hold.text == "text turn_a"


async def test_begin_and_commit_are_one_round_trip_each(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    sessions = store(redis)
    await end(sessions, await begun(sessions, "turn_warm"))
    sent: list[object] = []
    send = UnixDomainSocketConnection.send_packed_command

    async def count(self: Any, command: Any, *args: Any, **options: Any) -> None:
        sent.append(command)
        await send(self, command, *args, **options)

    monkeypatch.setattr(UnixDomainSocketConnection, "send_packed_command", count)
    hold = await begun(sessions, "turn_a")
    assert len(sent) == 1
    await end(sessions, hold)
    assert len(sent) == 2


async def test_an_unknown_session_is_not_found(redis: Redis) -> None:
    for session_id in ("sess_none", "../meta", "x" * 65):
        with pytest.raises(NotFound):
            await begin(store(redis), "turn_a", session_id)


async def test_a_session_of_somebody_else_is_not_found(redis: Redis) -> None:
    sessions = store(redis)
    hold = await begun(sessions, "turn_a")
    foreign = replace(message("turn_b", hold.session_id), caller=Caller("acme", "bob"))
    with pytest.raises(NotFound):
        await sessions.begin(foreign, "text", Ledger())
    with pytest.raises(NotFound):
        await sessions.turns(sessions.owner(foreign.caller), hold.session_id, 10)


async def test_a_dead_holder_is_not_overtaken(redis: Redis) -> None:
    sessions = store(redis)
    hold = await begun(sessions, "turn_a")
    await redis.delete(OwnerKeys(hold.owner).session(hold.session_id, "lease"))
    assert (await begin(sessions, "turn_b", hold.session_id)).state == "queued"


async def test_a_zombie_cannot_commit(redis: Redis) -> None:
    sessions = store(redis)
    hold = await begun(sessions, "turn_a")
    await redis.delete(OwnerKeys(hold.owner).session(hold.session_id, "lease"))
    scripts = Scripts(redis, 60, 60, Sealing(()))
    await scripts.run("recover", scripts.call(hold.owner, hold.session_id, "", holder="other"))
    with pytest.raises(Fenced):
        await end(sessions, hold)
    assert await sessions.turns(hold.owner, hold.session_id, 10) == ()


async def test_a_late_holder_that_nobody_replaced_may_commit(redis: Redis) -> None:
    sessions = store(redis)
    hold = await begun(sessions, "turn_a")
    await redis.delete(OwnerKeys(hold.owner).session(hold.session_id, "lease"))
    await end(sessions, hold)
    assert len(await sessions.turns(hold.owner, hold.session_id, 10)) == 1


async def test_a_lost_reply_changes_nothing(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("frontdesk.sessions.store.Scripts", Echo)
    sessions = store(redis)
    hold = await begun(sessions, "turn_a")
    queued = await begin(sessions, "turn_b", hold.session_id)
    await sessions.note(message("turn_x", hold.session_id), TurnResult("turn_x", "", "blocked"))
    following = await end(sessions, hold)
    assert following
    assert await end(sessions, following) is None
    listed = await sessions.turns(hold.owner, hold.session_id, 10)
    assert [record.id for record in listed] == ["turn_x", "turn_a", "turn_b"]
    assert (queued.state, queued.position) == ("queued", 1)
    assert await redis.xlen(OwnerKeys(hold.owner).events("turn_a")) == 1


async def test_a_refused_message_is_listed_without_its_text(redis: Redis) -> None:
    sessions = store(redis)
    result = TurnResult("turn_a", "", "blocked", "Sorry.")
    ended = await sessions.note(message("turn_a"), result)
    assert ended.state == "ended"
    owner = sessions.owner(ANN)
    (record,) = await sessions.turns(owner, ended.session_id, 10)
    assert (record.status, record.user, record.items) == ("blocked", "", ())
    assert await sessions.result(owner, "turn_a") == replace(result, session_id=ended.session_id)
    assert (await sessions.note(message("turn_a"), result)).state == "duplicate"


async def test_a_refused_message_does_not_disturb_the_running_turn(redis: Redis) -> None:
    sessions = store(redis)
    hold = await begun(sessions, "turn_a")
    await sessions.note(message("turn_b", hold.session_id), TurnResult("turn_b", "", "blocked"))
    await end(sessions, hold)
    listed = await sessions.turns(hold.owner, hold.session_id, 10)
    assert [record.id for record in listed] == ["turn_b", "turn_a"]


async def test_the_agent_keeps_the_session_and_its_turns_are_counted(redis: Redis) -> None:
    sessions = store(redis)
    hold = await begun(sessions, "turn_a")
    seen = []
    for turn_id, agent in (("turn_b", "law"), ("turn_c", "law"), ("turn_d", None)):
        await end(sessions, hold, agent=agent)
        hold = await begun(sessions, turn_id, hold.session_id)
        seen.append((hold.agent, hold.agent_turns))
    assert seen == [("law", 1), ("law", 2), (None, 0)]


async def test_totals_add_up_to_the_cent(redis: Redis) -> None:
    hold = await talk(store(redis), 3)
    assert (hold.totals.turns, hold.totals.input_tokens) == (3, 30)
    assert hold.totals.cost_usd == "0.30"


async def test_sessions_are_listed_last_used_first_in_pages(redis: Redis) -> None:
    sessions = store(redis)
    holds = [await begun(sessions, f"turn_{n}") for n in range(3)]
    await end(sessions, holds[0], agent="law")
    owner = holds[0].owner
    first = await sessions.list(owner, 2)
    rest = await sessions.list(owner, 2, first[-1].session_id)
    ids = [info.session_id for info in (*first, *rest)]
    assert ids == [holds[n].session_id for n in (0, 2, 1)]
    assert first[0] == await sessions.info(owner, ids[0])
    assert (first[0].agent, first[1].agent, first[0].totals.turns) == ("law", "triage", 1)


async def test_a_running_session_can_be_forgotten_completely(redis: Redis) -> None:
    sessions = store(redis)
    hold = await talk(sessions, 3)
    await begin(sessions, "turn_queued", hold.session_id)
    await begun(sessions, "turn_other")
    mine = [key async for key in redis.scan_iter(match=f"*s:{hold.session_id}*")]
    count = await sessions.forget(hold.owner, hold.session_id)
    with pytest.raises(Fenced):
        await end(sessions, hold)
    left = [key async for key in redis.scan_iter(match=f"fd:{{{hold.owner}}}*")]
    assert sorted(key.decode().split("}:")[1].split(":")[0] for key in left) == [
        "s", "s", "sessions", "t",
    ]  # fmt: skip
    assert count == len(mine) + 5 + 4  # records of five turns, event logs of the ended and queued
    with pytest.raises(NotFound):
        await sessions.forget(hold.owner, hold.session_id)


async def test_a_full_store_says_so(redis: Redis) -> None:
    await redis.config_set("maxmemory", 1)
    try:
        with pytest.raises(StoreUnavailable, match="memory"):
            await begin(store(redis), "turn_a")
    finally:
        await redis.config_set("maxmemory", 0)


async def test_a_store_that_is_away_says_so() -> None:
    async with open_redis("unix:///nowhere/s.sock") as away:
        with pytest.raises(StoreUnavailable) as error:
            await begin(store(away), "turn_a")
        assert error.value.retry_after_s
