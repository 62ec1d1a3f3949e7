"""What `frontdesk trace show` prints of a turn."""

from decimal import Decimal
from typing import Any

from frontdesk.contract.context import ModelCall, SpanRecord, TurnContext
from frontdesk.contract.messages import Caller, Message
from frontdesk.contract.turns import GuardrailNote
from frontdesk.tracing.receipts import receipt
from frontdesk.tracing.trace import Trace
from frontdesk.tracing.tree import lines

TOKENS = {"input_tokens": 1000, "cached_tokens": 200, "output_tokens": 20}


def price(call: ModelCall) -> Decimal | None:
    return Decimal(call.input_tokens) / 1_000_000 if call.model == "cheap" else None


def span(span_id: str, parent: str | None, kind: str, name: str, **data: Any) -> SpanRecord:
    return SpanRecord(span_id, parent, kind, name, 10.0, 10.25, data)


def drawn(*spans: SpanRecord, **more: Any) -> list[str]:
    return lines(Trace("turn_1", "sess_1", "completed", 10.0, spans=spans, **more), price)


def test_agents_stand_below_their_step_and_calls_below_their_agent() -> None:
    tree = drawn(
        span("step_begin", None, "step", "begin"),
        span("step_run", None, "step", "run"),
        span("task_1", "step_run", "task", "task"),
        span("agent_1", "task_1", "agent", "triage"),
        span("loop_1", "agent_1", "turn", "triage"),
        span("model_1", "loop_1", "model", "cheap", **TOKENS),
        span("hand_1", "loop_1", "handoff", "billing", **{"from": "triage", "to": "billing"}),
        span("agent_2", "task_1", "agent", "billing"),
    )
    assert tree == [
        "turn turn_1 · completed",
        "├─ begin · 250 ms",
        "└─ run · 250 ms",
        "   ├─ agent triage · 250 ms",
        "   │  ├─ model cheap · 250 ms · 1,000 in (200 cached), 20 out · $0.001",
        "   │  └─ handoff triage -> billing · 250 ms",
        "   └─ agent billing · 250 ms",
    ]


def test_an_unknown_price_is_said() -> None:
    [_, call] = drawn(span("model_1", None, "model", "new", **TOKENS))
    assert call.endswith("20 out · price unknown")


def test_a_failed_step_names_its_error() -> None:
    failed = SpanRecord("tool_1", None, "tool", "look", 10.0, 10.003, error="LookupError")
    assert drawn(failed)[1] == "└─ tool look · 3.0 ms · failed: LookupError"


def test_a_span_whose_parent_never_ended_is_shown_all_the_same() -> None:
    assert drawn(span("tool_1", "agent_9", "tool", "look"))[1] == "└─ tool look · 250 ms"


def test_guardrails_and_the_cut_stand_at_the_end() -> None:
    note = GuardrailNote("input", "words", "blocklist", "block")
    assert drawn(guardrails=(note,), cut=True)[1:] == [
        "├─ guardrail words · input · blocklist · block",
        "└─ more spans were not kept",
    ]


def test_the_head_says_what_the_turn_cost_and_would_have_cost() -> None:
    context = TurnContext(Message("turn_1", Caller("t", "u"), "Hi"), "Hi", "sess_1")
    context.ledger.calls.append(ModelCall("triage", "cheap", 1000, 200, 20, 0))
    [head] = drawn(rung="triage", agent="triage", receipt=receipt(context, "Hi", price, "dear"))
    assert head.startswith("turn turn_1 · completed · triage · triage · ")
    assert head.endswith("20 out · $0.001 · specialist only: price unknown")
