"""Contract values on their way into Redis and back."""

import pytest

from frontdesk.contract.errors import (
    Problem,
)
from frontdesk.contract.events import (
    AgentChanged,
    Event,
    GuardrailTriggered,
    TextDelta,
    ToolCalled,
    ToolFinished,
    TurnCreated,
    TurnEnded,
    TurnProgress,
    TurnQueued,
    TurnWaiting,
)
from frontdesk.contract.turns import (
    GuardrailNote,
    ModelUse,
    Receipt,
    ToolUse,
    TurnRecord,
    TurnResult,
)
from frontdesk.sessions.codec import dump, dump_event, load, load_event

NOTE = GuardrailNote("output", "words", "profanity", "redact")
RECEIPT = Receipt(
    *(1, 2, 3, 4, 5, None, "0.1"),
    (ModelUse("triage", "m", 1, 2, 3, 4, 5, None),),
    (ToolUse("clock", 1.5, True),),
    (NOTE,),
    {"run": 1.5},
    2.5,
)
RESULT = TurnResult(
    *("turn_a", "sess_a", "failed", "héllo", "triage", "triage", NOTE),
    ({"approval_id": "a"},),
    RECEIPT,
    Problem("t", "title", 500, "detail", "internal"),
)


def test_a_value_comes_back_as_it_went() -> None:
    item = {"role": "user", "content": [{"type": "input_text", "text": "안녕"}]}
    record = TurnRecord("turn_1", "completed", "2026-01-01T00:00:00Z", "안녕", "Hi", (item,))
    assert load(TurnRecord, dump(record)) == record


def test_the_last_event_carries_the_result_itself() -> None:
    note = GuardrailNote("input", "blocklist", "blocklist", "block")
    ended = TurnEnded("turn_1", TurnResult("turn_1", "sess_1", "blocked", guardrail=note))
    kind, data = dump_event(ended)
    assert (kind, load_event(kind, data)) == ("turn.blocked", ended)


def test_half_a_character_becomes_a_question_mark() -> None:
    record = TurnRecord("turn_1", "completed", "", "a \ud83d b", "", ({"role": "user"},))
    assert load(TurnRecord, dump(record)).user == "a ? b"


def test_what_a_newer_version_added_is_left_out() -> None:
    newer = b'{"turn_id": "t", "session_id": "s", "status": "failed", "new": 1}'
    assert load(TurnResult, newer).status == "failed"


@pytest.mark.parametrize(
    "event",
    [
        TurnCreated("turn_a", "sess_a"),
        TurnQueued("turn_a", "sess_a", 2),
        AgentChanged("turn_a", "law"),
        TextDelta("turn_a", "안녕", 0),
        ToolCalled("turn_a", "clock", "c"),
        ToolFinished("turn_a", "clock", "c", True, 1.5),
        GuardrailTriggered("turn_a", NOTE),
        TurnProgress("turn_a", "condense", 1, 3),
        TurnWaiting("turn_a", ({"approval_id": "a"},)),
        TurnEnded("turn_a", RESULT),
    ],
    ids=lambda event: event.kind,
)
def test_an_event_comes_back_as_it_went(event: Event) -> None:
    assert load_event(*dump_event(event)) == event


def test_an_event_of_a_newer_version_is_understood() -> None:
    data = b'{"turn_id": "t", "agent": "law", "mood": "fine"}'
    assert load_event("agent.changed", data) == AgentChanged("t", "law")
