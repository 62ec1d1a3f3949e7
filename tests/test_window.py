"""What a model is shown of a session, and what a turn leaves in it."""

from dataclasses import replace

import pytest
from redis.asyncio import Redis
from tests.turns import begun, end, message, store, talk

from frontdesk.contract.context import Ledger, TurnContext
from frontdesk.contract.errors import (
    NotFound,
)
from frontdesk.contract.turns import GuardrailNote, Item, Status, TurnRecord
from frontdesk.sessions.draft import make_record
from frontdesk.sessions.window import View, estimate_tokens, next_window


async def test_a_fresh_turn_makes_the_window_empty_but_keeps_the_list(redis: Redis) -> None:
    sessions = store(redis)
    hold = await talk(sessions, 2)
    await end(sessions, hold, fresh=True)
    hold = await begun(sessions, "turn_last", hold.session_id)
    assert hold.history == ()
    assert len(await sessions.turns(hold.owner, hold.session_id, 10)) == 3


async def test_the_window_is_cut_to_half_its_budget_between_turns(redis: Redis) -> None:
    sessions = store(redis, context_tokens=1000)
    hold = await begun(sessions, "turn_0")
    lengths = []
    for number in range(1, 12):
        await end(sessions, hold, "word " * 100)
        hold = await begun(sessions, f"turn_{number}", hold.session_id)
        lengths.append(len(hold.history))
        assert sum(record.tokens for record in hold.history) <= 1000
    assert lengths == [1, 2, 3, 4, 5, 2, 3, 4, 5, 2, 3]


async def test_history_beyond_its_bound_is_forgotten_with_its_keys(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("frontdesk.sessions.calls.LONGEST_HISTORY", 3)
    sessions = store(redis)
    hold = await talk(sessions, 5)
    assert [record.id for record in hold.history] == ["turn_2", "turn_3", "turn_4"]
    with pytest.raises(NotFound):
        await sessions.result(hold.owner, "turn_1")
    page = await sessions.turns(hold.owner, hold.session_id, 1, "turn_3")
    assert [record.id for record in page] == ["turn_4"]


def test_the_newest_turn_always_stays_in_the_window() -> None:
    history = [TurnRecord(str(n), "completed", "", "", "", tokens=10) for n in range(4)]
    start, _ = next_window(7, View(), history, replace(history[0], tokens=500), 100)
    assert start == 11


def test_tokens_are_estimated_from_bytes() -> None:
    assert estimate_tokens(()) == 0
    assert estimate_tokens([{"role": "user", "content": "x" * 400}]) == 135


def draft(*items: Item, status: Status = "completed", stage: str = "") -> TurnRecord:
    ledger = Ledger(items=list(items))
    if stage:
        ledger.notes.append(GuardrailNote(stage, "g", "c", "block"))
    return make_record(
        TurnContext(message("turn_a"), "hello", "sess_a", ledger=ledger), status, "hi", None, None
    )


def call(call_id: str) -> Item:
    return {"type": "function_call", "id": "fc_1", "status": "completed", "call_id": call_id}


def output(call_id: str) -> Item:
    return {"type": "function_call_output", "call_id": call_id, "output": "o"}


def test_the_draft_keeps_completed_calls_under_ids_of_their_own() -> None:
    reasoning = {"type": "reasoning", "id": "rs_1"}
    words = {"type": "message", "role": "assistant", "content": "raw"}
    orphans = (call("lost"), output("stray"))
    items = (reasoning, call("0"), output("0"), words, call("0"), output("0"), *orphans)
    user, one, one_out, two, two_out, reply = draft(*items).items
    assert (user["content"], reply["content"]) == ("hello", "hi")
    assert one["call_id"] == one_out["call_id"] != two["call_id"] == two_out["call_id"]
    assert one.keys() == {"type", "call_id"}


def test_a_call_keeps_its_id_unless_an_earlier_turn_has_it() -> None:
    earlier = TurnRecord("turn_0", "completed", "", "", "", (call("call_0"), output("call_0")))
    ledger = Ledger(items=[call("call_0"), output("call_0"), call("call_x"), output("call_x")])
    context = TurnContext(message("turn_a"), "hello", "sess_a", (earlier,), ledger=ledger)
    ids = [item.get("call_id") for item in make_record(context, "completed", "", None, None).items]
    assert ids[3:5] == ["call_x", "call_x"]
    assert "call_0" not in ids


@pytest.mark.parametrize(
    ("status", "stage", "reply"),
    [
        ("failed", "", "[interrupted]"),
        ("cancelled", "", "[interrupted]"),
        ("blocked", "output", "[reply withheld]"),
    ],
)
def test_a_turn_without_its_reply_keeps_a_marker(status: Status, stage: str, reply: str) -> None:
    record = draft(status=status, stage=stage)
    assert [item["content"] for item in record.items] == ["hello", reply]


def test_a_refused_turn_leaves_no_text() -> None:
    record = draft(call("0"), output("0"), status="blocked", stage="input")
    assert (record.user, record.items, record.answer) == ("", (), "hi")
