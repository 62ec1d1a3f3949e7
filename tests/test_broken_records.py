"""Stored values of other versions, and those that nobody can read: told and set aside."""

import json
from typing import Any

import pytest
from redis.asyncio import Redis

from frontdesk.contract.context import Ledger
from frontdesk.contract.errors import BrokenRecord, NotFound
from frontdesk.contract.keys import OwnerKeys
from frontdesk.contract.messages import Message
from frontdesk.contract.turns import TurnRecord
from frontdesk.desk import Desk
from frontdesk.sessions.schema import (
    VERSION,
    dump_stored,
    load_stored,
    load_turn,
    load_turns,
    unreadable,
)
from frontdesk.testing import FakeOpenAI, Visitor

V0 = b"""{"id": "turn_old", "status": "completed", "at": "2026-01-01T00:00:00Z", "user": "Hi",
 "answer": "Hello", "items": [{"role": "user", "content": "Hi"}]}"""


def turns_of(visitor: Visitor) -> str:
    return OwnerKeys(visitor.owner).session(visitor.session_id, "turns")


def test_what_is_stored_carries_the_version_of_its_schema() -> None:
    record = TurnRecord("turn_1", "completed", "", "Hi", "Hello", tokens=3)
    assert json.loads(dump_stored(record))["v"] == VERSION
    assert load_stored(TurnRecord, dump_stored(record)) == record


def test_a_record_of_version_0_is_brought_up_to_date() -> None:
    record = load_stored(TurnRecord, V0)
    assert (record.id, record.user, record.answer) == ("turn_old", "Hi", "Hello")
    assert record.tokens > 0


def test_a_record_of_a_newer_version_is_read_as_far_as_it_is_understood() -> None:
    newer = json.dumps({**json.loads(V0), "v": VERSION + 1, "mood": "sunny"}).encode()
    assert load_stored(TurnRecord, newer).answer == "Hello"


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b'{"v":1,', b'{"id": 7}', b"\xff\xfe"])
def test_a_record_that_cannot_be_read_says_so_in_its_place(raw: bytes) -> None:
    assert load_turn(raw).code == "broken_record"
    assert unreadable(raw)
    assert not unreadable(dump_stored(load_turn(raw)))


def test_a_newer_record_that_is_not_understood_is_left_to_newer_processes() -> None:
    newer = b'{"v":2,"id":["not","a","text"]}'
    assert load_turn(newer).code == "broken_record"
    assert not unreadable(newer)


def test_a_window_reads_each_turn_as_it_is_read_alone() -> None:
    whole = dump_stored(TurnRecord("turn_1", "completed", "", "Hi", "Hello", tokens=3))
    odd = whole.replace(b'"tokens":3', b'"tokens":"3"')
    deep = whole.replace(b'"items":[]', b'"items":[{"a":' + b"[" * 100_000)
    raw = [whole, odd, whole + b"," + whole, deep, V0, b"{broken"]
    assert load_turns([whole]) == (load_turn(whole),)
    assert load_turns(raw[:2]) == (load_turn(whole), load_turn(whole))
    for element in raw:
        assert load_turns([whole, element]) == (load_turn(whole), load_turn(element))


async def test_old_turns_are_part_of_the_conversation(
    ann: Visitor, upstream: FakeOpenAI, redis: Redis
) -> None:
    await ann.ask("Good morning")
    await redis.lset(turns_of(ann), 0, V0.decode())
    await ann.ask("And what did I say?")
    said = [item["content"] for item in upstream.requests[-1].body["input"]]
    assert said[0] == "Hi"
    assert [record.user for record in await ann.records()] == ["Hi", "And what did I say?"]


async def test_a_turn_that_cannot_be_read_is_set_aside_and_the_next_turn_goes_on_without_it(
    ann: Visitor, upstream: FakeOpenAI, redis: Redis
) -> None:
    for text in ("My parrot is called Kiwi", "My cat is called Tom"):
        await ann.ask(text)
    await redis.lset(turns_of(ann), 0, "{broken")
    told = await ann.ask("What is she called?")
    assert told.error is not None
    assert (told.status, told.error.code) == ("failed", "broken_record")
    aside: Any = await redis.lrange(OwnerKeys(ann.owner).session(ann.session_id, "broken"), 0, -1)
    assert aside == [b"{broken"]
    assert (await ann.ask("What is she called?")).status == "completed"
    assert "Tom" in str(upstream.requests[-1].body)
    codes = [record.code for record in await ann.records()]
    assert codes == ["broken_record", None, "broken_record", None]


async def test_a_list_of_turns_shows_the_place_of_one_that_cannot_be_read(
    ann: Visitor, redis: Redis
) -> None:
    for text in ("Good morning", "And good evening"):
        await ann.ask(text)
    await redis.lset(turns_of(ann), 0, "{broken")
    assert [record.code for record in await ann.records()] == ["broken_record", None]


@pytest.mark.parametrize("part", ["turns", "inbox", "lease"])
async def test_a_key_of_a_wrong_type_is_set_aside_before_anything_is_written(
    part: str, ann: Visitor, redis: Redis
) -> None:
    await ann.ask("Good morning")
    key = OwnerKeys(ann.owner).session(ann.session_id, part)
    await redis.delete(key)
    await redis.hset(key, "not", "ours")
    await redis.expire(key, 60)
    with pytest.raises(BrokenRecord, match=f"{part} could not be read"):
        await ann.send("Are you there?")
    assert await redis.hget(f"{key}:broken", "not") == b"ours"
    assert (await ann.ask("Are you there?")).status == "completed"


async def test_a_session_without_its_head_is_not_found_and_does_not_begin_anew(
    ann: Visitor, redis: Redis
) -> None:
    await ann.ask("Good morning")
    meta = OwnerKeys(ann.owner).session(ann.session_id, "meta")
    await redis.set(meta, "not ours", ex=60)
    with pytest.raises(BrokenRecord):
        await ann.send("Are you there?")
    with pytest.raises(NotFound):
        await ann.send("Are you there?")


async def test_a_waiting_message_that_cannot_be_read_ends_its_turn_and_the_queue_goes_on(
    ann: Visitor, redis: Redis
) -> None:
    first = await ann.send("Tell me something [slow:0.05]")
    waiting = [await ann.send("This one is lost"), await ann.send("This one is not")]
    await redis.hset(OwnerKeys(ann.owner).turn(waiting[0]), "message", "{broken")
    kinds = [(await ann.read(turn))[-1].kind for turn in (first, *waiting)]
    assert kinds == ["turn.completed", "turn.failed", "turn.completed"]
    assert [record.id for record in await ann.records()] == [first, *waiting]


async def test_a_broken_session_does_not_keep_the_others_from_being_taken_over(
    desk: Desk, redis: Redis
) -> None:
    left = []
    for user in ("broken", "whole"):
        visitor = Visitor(desk, user)
        message = Message(f"turn_{user}", visitor.caller, "Is anybody there?")
        begun = await desk.sessions.begin(message, message.text, Ledger())  # and nobody runs it
        visitor.session_id = begun.session_id
        left.append(visitor)
    await redis.set(OwnerKeys(left[0].owner).session(left[0].session_id, "meta"), "x", ex=60)
    assert (await left[1].read("turn_whole"))[-1].kind == "turn.completed"


async def test_forgetting_a_session_forgets_what_was_set_aside(ann: Visitor, redis: Redis) -> None:
    await ann.ask("Good morning")
    await redis.lset(turns_of(ann), 0, "{broken")
    await ann.ask("What did I say?")
    await ann.desk.sessions.forget(ann.owner, ann.session_id)
    session = f"{OwnerKeys(ann.owner).prefix}s:{ann.session_id}:*"
    assert [key async for key in redis.scan_iter(match=session)] == []
