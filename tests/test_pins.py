"""Pinned turns: they stay in a session's window, whole and in their order, however long it gets."""

import json

import httpx2
import pytest
from redis.asyncio import Redis
from tests.histories import faults
from tests.turns import Echo, begin, begun, end, store, talk

from frontdesk.contract.errors import InvalidRequest, NotFound
from frontdesk.contract.messages import Caller
from frontdesk.contract.turns import Item, TurnRecord
from frontdesk.sessions.pins import Pins, distinct
from frontdesk.sessions.store import Hold, Sessions
from frontdesk.sessions.window import View, lowered, next_window, shrunk
from frontdesk.testing import FakeOpenAI, Visitor

LINES = {"Content-Type": "application/jsonl"}


def record(number: int, *, pinned: bool = False, items: tuple[Item, ...] = ()) -> TurnRecord:
    return TurnRecord(
        f"turn_{number}", "completed", "", "", "", items=items, tokens=100, pinned=pinned
    )


def lookup(call_id: str, output: str = "found") -> tuple[Item, ...]:
    call = {"type": "function_call", "call_id": call_id, "name": "look", "arguments": "{}"}
    result = {"type": "function_call_output", "call_id": call_id, "output": output}
    return (
        {"role": "user", "content": "?"},
        call,
        result,
        {"role": "assistant", "content": "!"},
    )


async def long_talk(sessions: Sessions, hold: Hold, first: int, count: int) -> Hold:
    """Goes on from a hold with so many turns of 130 tokens; the next one is begun."""
    for number in range(first, first + count):
        await end(sessions, hold, "word " * 100)
        hold = await begun(sessions, f"turn_{number}", hold.session_id)
    return hold


def ids(hold: Hold) -> list[str]:
    return [turn.id for turn in hold.history]


async def test_a_pinned_turn_stays_when_the_window_moves_in_its_order(redis: Redis) -> None:
    sessions = store(redis, context_tokens=1000)
    hold = await long_talk(sessions, await begun(sessions, "turn_0"), 1, 3)
    await sessions.pins.pin(hold.owner, "turn_1")
    hold = await long_talk(sessions, hold, 4, 9)
    assert ids(hold)[0] == "turn_1"
    assert ids(hold)[1:] == [f"turn_{n}" for n in range(hold.window_start, 12)]
    assert hold.window_start > 2


async def test_a_turn_that_left_the_window_comes_back_when_it_is_pinned(redis: Redis) -> None:
    sessions = store(redis, context_tokens=1600)
    hold = await long_talk(sessions, await begun(sessions, "turn_0"), 1, 12)
    assert "turn_0" not in ids(hold)
    for turn in ("turn_2", "turn_0"):
        await sessions.pins.pin(hold.owner, turn)
    after = await long_talk(sessions, hold, 13, 1)
    assert ids(after) == ["turn_0", "turn_2", *ids(hold), "turn_12"]


async def test_without_its_pin_a_turn_goes(redis: Redis) -> None:
    sessions = store(redis, context_tokens=1000)
    hold = await long_talk(sessions, await begun(sessions, "turn_0"), 1, 12)
    await sessions.pins.pin(hold.owner, "turn_0")
    await sessions.pins.unpin(hold.owner, "turn_0")
    assert ids(await long_talk(sessions, hold, 13, 1))[0] != "turn_0"


def test_a_pinned_turn_is_shown_whole() -> None:
    items = lookup("call_1", "long " * 1000)
    kept = record(0, pinned=True, items=items)
    assert shrunk(kept) is kept
    assert lowered([kept, *map(record, range(1, 5))], 10_000)[0] is kept


def test_the_window_starts_behind_the_last_turn_that_went() -> None:
    early = record(0, pinned=True)
    history = [early, *(record(n, pinned=n == 5) for n in range(4, 9))]
    start, view = next_window(4, View(), history, record(9), 600, early=1)
    assert (start, view.shrunk) == (9, 8)


async def test_pins_are_bounded_in_number(redis: Redis) -> None:
    sessions = store(redis)
    hold = await talk(sessions, 17)
    for number in range(16):
        await sessions.pins.pin(hold.owner, f"turn_{number}")
    await sessions.pins.pin(hold.owner, "turn_15")
    with pytest.raises(InvalidRequest, match="At most 16"):
        await sessions.pins.pin(hold.owner, "turn_16")


async def test_pins_are_bounded_in_tokens(redis: Redis) -> None:
    sessions = store(redis, context_tokens=800)
    hold = await long_talk(sessions, await begun(sessions, "turn_0"), 1, 2)
    await sessions.pins.pin(hold.owner, "turn_0")
    with pytest.raises(InvalidRequest, match="200 tokens together"):
        await sessions.pins.pin(hold.owner, "turn_1")
    await sessions.pins.unpin(hold.owner, "turn_0")
    assert (await sessions.pins.pin(hold.owner, "turn_1")).pinned


async def test_only_ended_turns_of_ones_own_can_be_pinned(redis: Redis) -> None:
    sessions = store(redis)
    hold = await talk(sessions, 1)
    with pytest.raises(InvalidRequest, match="has not ended"):
        await sessions.pins.pin(hold.owner, hold.turn_id)
    for owner, turn in ((sessions.owner(Caller("acme", "eve")), "turn_0"), (hold.owner, "none")):
        with pytest.raises(NotFound):
            await sessions.pins.pin(owner, turn)


async def test_a_turn_that_models_are_never_shown_cannot_be_pinned(
    ann: Visitor, ann_http: httpx2.AsyncClient
) -> None:
    blocked = await ann.ask("비밀번호")
    answer = await ann_http.post(f"/v1/turns/{blocked.turn_id}/pin")
    assert (answer.status_code, "never shown" in answer.json()["detail"]) == (422, True)


async def test_a_reset_takes_the_pins_away(redis: Redis) -> None:
    sessions = store(redis)
    hold = await talk(sessions, 1)
    await sessions.pins.pin(hold.owner, "turn_0")
    await end(sessions, hold, fresh=True)
    assert ids(await begun(sessions, "turn_2", hold.session_id)) == []


async def test_a_session_that_was_forgotten_does_not_come_back_with_a_pin(redis: Redis) -> None:
    sessions = store(redis)
    hold = await talk(sessions, 1)
    await sessions.forget(hold.owner, hold.session_id)
    with pytest.raises(NotFound):
        await sessions.pins.pin(hold.owner, "turn_0")
    assert await redis.keys("fd:{*:meta") == []


async def test_a_turn_that_fell_off_the_history_takes_its_pin_along(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("frontdesk.sessions.calls.LONGEST_HISTORY", 3)
    sessions = store(redis, context_tokens=1000)
    hold = await talk(sessions, 2)
    await sessions.pins.pin(hold.owner, "turn_0")
    hold = await long_talk(sessions, hold, 3, 4)
    assert ids(hold) == ["turn_3", "turn_4", "turn_5"]
    with pytest.raises(NotFound):
        await sessions.pins.pin(hold.owner, "turn_0")


async def test_a_pin_and_its_repeat_are_one(redis: Redis) -> None:
    sessions = store(redis)
    hold = await talk(sessions, 2)
    echo = Pins(redis, Echo(redis, 600, 2.0, sessions.sealing), sessions._settings)
    await echo.pin(hold.owner, "turn_1")
    await echo.pin(hold.owner, "turn_0")
    listed = await sessions.turns(hold.owner, hold.session_id, 10)
    assert [turn.pinned for turn in listed] == [True, True]


async def test_pinned_turns_cost_no_round_trip(redis: Redis) -> None:
    sessions = store(redis, context_tokens=1000)
    hold = await long_talk(sessions, await begun(sessions, "turn_0"), 1, 12)
    await sessions.pins.pin(hold.owner, "turn_0")
    await end(sessions, hold)
    before = await _processed(redis)
    assert (await begin(sessions, "turn_13", hold.session_id)).hold
    # The count itself is one command; those inside the script are none of a client's.
    assert await _processed(redis) - before == 2


async def _processed(redis: Redis) -> int:
    stats = await redis.info("commandstats")
    asked = ("cmdstat_evalsha", "cmdstat_eval", "cmdstat_info")
    return sum(int(stats[name]["calls"]) for name in asked if name in stats)


def test_calls_of_an_early_pinned_turn_get_ids_of_their_own_where_later_ones_have_the_same() -> (
    None
):
    early = [record(n, pinned=True, items=lookup("call_0")) for n in range(2)]
    window = [record(9, items=lookup("call_0"))]
    shown = (*distinct(early, window), *window)
    assert faults([item for turn in shown for item in turn.items]) == []
    assert distinct(early, window) == distinct(early, window)
    assert distinct(early[:1], ()) == (early[0],)


async def test_a_pin_is_listed_exported_and_imported(
    ann_http: httpx2.AsyncClient, ann: Visitor
) -> None:
    first = await ann.ask("My parrot is called Kiwi")
    await ann.ask("Tell me more of it")
    pinned = await ann_http.post(f"/v1/turns/{first.turn_id}/pin")
    assert (pinned.status_code, pinned.json()["pinned"]) == (200, True)
    data = (await ann_http.get(f"/v1/sessions/{ann.session_id}/export")).content
    made = (await ann_http.post("/v1/sessions/import", content=data, headers=LINES)).json()
    for session_id in (ann.session_id, made["session_id"]):
        turns = (await ann_http.get(f"/v1/sessions/{session_id}/turns")).json()["turns"]
        assert [turn["pinned"] for turn in turns] == [True, False]
    gone = await ann_http.delete(f"/v1/turns/{first.turn_id}/pin")
    assert gone.json()["pinned"] is False


async def test_a_session_with_too_many_pins_is_not_imported(
    ann_http: httpx2.AsyncClient, ann: Visitor, redis: Redis
) -> None:
    await ann.ask("My parrot is called Kiwi")
    data = (await ann_http.get(f"/v1/sessions/{ann.session_id}/export")).content
    head, turn = data.splitlines()
    pinned = json.dumps({**json.loads(turn), "pinned": True}).encode()
    lines = b"\n".join([head, *[pinned] * 17])
    refused = await ann_http.post("/v1/sessions/import", content=lines, headers=LINES)
    assert (refused.status_code, len(await redis.keys("fd:{*:meta"))) == (422, 1)


async def test_a_model_is_shown_a_pinned_turn_for_ever(
    ann_http: httpx2.AsyncClient, ann: Visitor, upstream: FakeOpenAI
) -> None:
    first = await ann.ask("My parrot is called Kiwi")
    for number in range(8):
        await ann.ask(f"Tell me a story of number {number} [long:1500]")
    assert "Kiwi" not in str(upstream.requests[-1].body)
    await ann_http.post(f"/v1/turns/{first.turn_id}/pin")
    for number in range(4):
        await ann.ask(f"And another one of number {number} [long:1500]")
        assert "My parrot is called Kiwi" in str(upstream.requests[-1].body)
