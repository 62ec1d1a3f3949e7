"""With keys, nothing that a user or an agent said is in Redis in the clear, and all works alike."""

from typing import Any

import pytest
from redis.asyncio import Redis
from tests.redis_contents import contents
from tests.sealed_desks import (
    FOUND,
    NAMED,
    NEW,
    QUESTION,
    REASON,
    SAID,
    converse,
    keyed,
    sealing,
    visited,
)
from tests.turns import ANN, begun, delta, end, message, talk

from frontdesk.config import Settings, load_encryption_keys, load_settings
from frontdesk.contract.context import Ledger
from frontdesk.contract.errors import BrokenRecord, SettingsError
from frontdesk.contract.keys import OwnerKeys
from frontdesk.contract.messages import Caller
from frontdesk.contract.turns import TurnResult
from frontdesk.testing import FakeOpenAI


@pytest.mark.parametrize("keys", [(), (NEW,)])
async def test_redis_holds_no_word_of_a_conversation_in_the_clear(
    settings: Settings, redis: Redis, upstream: FakeOpenAI, keys: tuple[str, ...]
) -> None:
    async with visited(settings, *keys) as ann:
        await converse(ann, upstream)
        kinds: Any = await redis.keys(f"fd:{{{ann.owner}}}:*")
    assert {b"results", b"facts", b"meta", b"events", b"turns", b"pending"} <= {
        k.split(b":")[-1] for k in kinds
    }
    assert any(b":cache:" in key for key in kinds)
    held = await contents(redis)
    words = (SAID, FOUND, NAMED, REASON)
    assert [word.encode() in held for word in words] == [not keys] * 4


@pytest.mark.parametrize("keys", [(), (NEW,)])
async def test_nor_of_messages_that_wait_run_or_were_refused(
    redis: Redis, keys: tuple[str, ...]
) -> None:
    sessions = keyed(redis, *keys)
    said = message("turn_a", fingerprint=SAID, metadata={"pet": SAID}, instructions=SAID)
    hold = (await sessions.begin(said, SAID, Ledger())).hold
    assert hold
    for turn_id in ("turn_b", "turn_c"):
        await sessions.begin(message(turn_id, hold.session_id), FOUND, Ledger())
    await sessions.cancel(hold.owner, "turn_c")
    refused = TurnResult("turn_x", hold.session_id, "blocked", NAMED)
    await sessions.note(message("turn_x", hold.session_id, fingerprint=NAMED), refused)
    held = await contents(redis)
    assert [word.encode() in held for word in (SAID, FOUND, NAMED)] == [not keys] * 3


async def test_a_sealed_conversation_goes_on_as_any_other(
    settings: Settings, upstream: FakeOpenAI
) -> None:
    async with visited(settings, NEW) as ann:
        await converse(ann, upstream)
        assert (await ann.ask(QUESTION, session_id="")).rung == "triage"
        await ann.ask(f"{SAID} and so on")
        assert f"1. I like {SAID}." in str(upstream.requests[-1].body["input"][0])
        said = [record.user for record in await ann.records()]
        listed = await ann.desk.sessions.list(ann.owner, 10)
    assert said == [QUESTION, f"{SAID} and so on"]
    assert [info.title for info in listed] == ["", NAMED, NAMED]


async def test_a_kept_answer_is_served_from_under_its_seal(settings: Settings) -> None:
    async with visited(settings, NEW) as ann:
        first = await ann.ask(QUESTION)
        second = await ann.ask(QUESTION, session_id="")
    assert (second.rung, second.answer) == ("cache", first.answer)


async def test_what_is_moved_to_another_owner_does_not_open_there(redis: Redis) -> None:
    sessions = keyed(redis, NEW)
    ann, eve = sessions.owner(ANN), sessions.owner(Caller("acme", "eve"))
    fact = await sessions.facts.keep(ann, "I like tea.")
    moved: Any = await redis.hget(OwnerKeys(ann).facts, fact.id)
    await redis.hset(OwnerKeys(eve).facts, fact.id, moved)
    await redis.expire(OwnerKeys(eve).facts, 60)
    with pytest.raises(BrokenRecord):
        await sessions.facts.list(eve)


async def test_a_changed_turn_is_set_aside_as_any_broken_one(
    settings: Settings, redis: Redis
) -> None:
    async with visited(settings, NEW) as ann:
        await ann.ask(f"{SAID} one")
        keys = OwnerKeys(ann.owner)
        turns, broken = (keys.session(ann.session_id, part) for part in ("turns", "broken"))
        raw: Any = await redis.lindex(turns, 0)
        changed: Any = raw[:-1] + bytes([raw[-1] ^ 1])
        await redis.lset(turns, 0, changed)
        told = await ann.ask(f"{SAID} two")
        assert told.error
        assert told.error.code == "broken_record"
        assert [record.code for record in await ann.records()] == ["broken_record"] * 2
        assert await redis.lrange(broken, 0, -1) == [changed]
        assert (await ann.ask(f"{SAID} three")).status == "completed"


async def test_a_user_is_forgotten_with_a_proof(
    settings: Settings, redis: Redis, upstream: FakeOpenAI
) -> None:
    async with visited(settings, NEW) as ann:
        await converse(ann, upstream)
        erased = await ann.desk.sessions.erasure.forget(ann.owner, "local")
    assert erased.remaining == 0
    assert erased.deleted["sessions"] == 2
    assert ann.owner.encode() not in await contents(redis)


async def test_what_falls_off_a_long_history_is_deleted_by_its_name(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("frontdesk.sessions.calls.LONGEST_HISTORY", 2)
    hold = await talk(keyed(redis, NEW), 4)
    left: Any = await redis.keys(f"fd:{{{hold.owner}}}:t:*[0-9]")
    assert sorted(key.decode()[-6:] for key in left) == ["turn_2", "turn_3", "turn_4"]


async def test_events_are_read_live_and_again(redis: Redis) -> None:
    sessions = keyed(redis, NEW)
    hold = await begun(sessions, stream=True)
    writer = sessions.writer(hold)
    await writer.put(delta(f"{SAID} is here"))
    await end(sessions, hold, pending=writer.take())
    found = [event async for _, event in sessions.events(hold.owner, "turn_a")]
    assert [event.kind for event in found] == ["text.delta", "turn.completed"]
    assert found[0] == delta(f"{SAID} is here")


@pytest.mark.parametrize("wrong", ["", "short", f"{NEW},", f"{NEW},{'z' * 64}"])
def test_a_wrong_key_is_named_by_its_place_and_never_shown(wrong: str) -> None:
    settings = load_settings(encryption_keys=wrong)
    with pytest.raises(SettingsError, match=r"number [12] is not a key") as told:
        load_encryption_keys(settings)
    assert NEW not in told.value.detail
    assert NEW not in repr(settings)


def test_a_value_is_another_each_time_it_is_sealed() -> None:
    seal = sealing(NEW).of("owner")
    assert seal.seal(b"tea") != seal.seal(b"tea")
    assert seal.open(seal.seal(b"tea", "turn_1")) == b"tea"


def test_the_name_of_a_value_cannot_be_changed() -> None:
    seal = sealing(NEW).of("owner")
    with pytest.raises(BrokenRecord):
        seal.open(seal.seal(b"tea", "turn_1").replace(b"turn_1", b"turn_2", 1))


@pytest.mark.parametrize("kept", [9, 12, 19, 30, 35])
def test_a_value_that_was_cut_off_is_broken(kept: int) -> None:
    seal = sealing(NEW).of("owner")
    with pytest.raises(BrokenRecord):
        seal.open(seal.seal(b"tea", "turn_1")[:kept])


@pytest.mark.parametrize("text", ["", "tea", "\u00ff", "\ufeff", "sealed1:"])
def test_no_text_is_taken_for_a_sealed_value(text: str) -> None:
    assert sealing(NEW).of("owner").open(text.encode()) == text.encode()
