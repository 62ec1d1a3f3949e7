"""What a turn costs, to the last digit."""

from decimal import Decimal

import pytest

from frontdesk.contract.context import ModelCall, TurnContext
from frontdesk.contract.messages import Caller, Message
from frontdesk.contract.turns import GuardrailNote, ToolUse, TurnRecord
from frontdesk.tracing.receipts import estimated_tokens, gravest, receipt, usd

USD_PER_MILLION = {"cheap": (Decimal("0.1"), Decimal("0.5")), "dear": (Decimal(2), Decimal(10))}


def price(call: ModelCall) -> Decimal | None:
    if call.model not in USD_PER_MILLION:
        return None
    read, written = USD_PER_MILLION[call.model]
    return (call.input_tokens * read + call.output_tokens * written) / 1_000_000


def turn(*calls: ModelCall, hops: int = 0, text: str = "Hello", history: int = 0) -> TurnContext:
    past = (TurnRecord("turn_0", "completed", "", "", "", tokens=history),) if history else ()
    context = TurnContext(Message("turn_1", Caller("t", "u"), text), text, "sess_1", past)
    context.ledger.calls.extend(calls)
    context.ledger.hops = hops
    return context


def call(agent: str, model: str, read: int, written: int) -> ModelCall:
    return ModelCall(agent, model, read, 10, written, 5)


def test_calls_are_summed_by_agent_and_model() -> None:
    bill = receipt(
        turn(call("triage", "cheap", 100, 10), call("triage", "cheap", 200, 20)),
        "Hi",
        price,
        "dear",
    )
    [row] = bill.by_model
    assert (row.agent, row.model, row.calls, row.input_tokens) == ("triage", "cheap", 2, 300)
    assert (row.cached_tokens, row.output_tokens, row.reasoning_tokens) == (20, 30, 10)
    assert (bill.model_calls, bill.input_tokens, bill.output_tokens) == (2, 300, 30)


def test_money_is_exact_and_written_without_an_exponent() -> None:
    bill = receipt(turn(call("triage", "cheap", 7, 0)), "Hi", price, "dear")
    assert (bill.cost_usd, bill.by_model[0].cost_usd) == ("0.0000007", "0.0000007")


@pytest.mark.parametrize(
    ("amount", "text"), [("0E-9", "0"), ("100", "100"), ("1E+2", "100"), ("0.1200", "0.12")]
)
def test_an_amount_has_no_needless_zeros(amount: str, text: str) -> None:
    assert usd(Decimal(amount)) == text


def test_an_unknown_price_makes_its_row_and_the_total_unknown() -> None:
    bill = receipt(turn(call("a", "cheap", 1, 1), call("b", "new", 1, 1)), "Hi", price, "dear")
    assert [row.cost_usd for row in bill.by_model] == ["0.0000006", None]
    assert bill.cost_usd is None
    assert bill.specialist_only_cost_usd == "0.000024"


def test_an_unknown_specialist_leaves_the_comparison_open() -> None:
    bill = receipt(turn(call("triage", "cheap", 1, 1)), "Hi", price, "new")
    assert (bill.cost_usd, bill.specialist_only_cost_usd) == ("0.0000006", None)


def test_what_triage_answered_is_compared_at_the_specialists_price() -> None:
    bill = receipt(turn(call("triage", "cheap", 1000, 100)), "Hi", price, "dear")
    assert (bill.cost_usd, bill.specialist_only_cost_usd) == ("0.00015", "0.003")


def test_the_way_to_the_specialist_is_not_counted_twice() -> None:
    calls = (call("triage", "cheap", 1000, 10), call("billing", "dear", 1000, 100))
    bill = receipt(turn(*calls, hops=1), "Hi", price, "dear")
    assert (bill.cost_usd, bill.specialist_only_cost_usd) == ("0.003105", "0.003")


def test_a_specialist_that_gives_the_session_back_is_counted() -> None:
    calls = (call("billing", "dear", 1000, 0), call("triage", "cheap", 1000, 0))
    bill = receipt(turn(*calls, hops=1), "Hi", price, "dear")
    assert bill.specialist_only_cost_usd == "0.004"


def test_an_answer_without_a_model_is_compared_by_its_length() -> None:
    bill = receipt(turn(text="x" * 16, history=95), "y" * 32, price, "dear")
    assert (bill.model_calls, bill.cost_usd) == (0, "0")
    assert bill.specialist_only_cost_usd == "0.0003"


def test_a_message_that_was_stopped_would_have_cost_nothing_anyway() -> None:
    context = turn()
    context.ledger.notes.append(GuardrailNote("input", "words", "blocklist", "block"))
    assert receipt(context, "Sorry.", price, "dear").specialist_only_cost_usd == "0"


def test_times_tools_and_notes_are_carried_over() -> None:
    context, note = turn(), GuardrailNote("output", "words", "blocklist", "flag")
    context.ledger.stages["begin"] = (context.ledger.started, 0.41234)
    context.ledger.tools.append(ToolUse("clock", 3.14159, True))
    context.ledger.notes.append(note)
    bill = receipt(context, "Hi", price, "dear")
    assert (bill.stages_ms, bill.tools) == ({"begin": 0.41}, (ToolUse("clock", 3.14, True),))
    assert bill.guardrails == (note,)
    assert 0 <= bill.total_ms < 60_000


def test_the_gravest_note_is_what_the_answer_reports() -> None:
    flag, redact, block = (
        GuardrailNote("input", "g", "c", action) for action in ("flag", "redact", "block")
    )
    assert gravest([flag, redact, block]) == block
    assert gravest([flag, redact]) == redact
    assert gravest([flag]) is None


@pytest.mark.parametrize(("text", "tokens"), [("", 0), ("a", 1), ("x" * 16, 5), ("안녕하세요", 5)])
def test_tokens_are_estimated_from_bytes_and_rounded_up(text: str, tokens: int) -> None:
    assert estimated_tokens(text) == tokens
