"""What a trace keeps of a turn, and what it never keeps."""

import asyncio
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from agents import Agent, RunConfig, Runner, function_tool, trace
from agents.testing import ModelStep, ScriptedModel, assistant_message, function_call
from agents.tracing import (
    Span,
    custom_span,
    function_span,
    response_span,
    set_trace_processors,
    set_tracing_disabled,
)
from agents.tracing import Trace as SdkTrace
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from structlog.testing import capture_logs

from frontdesk.contract.context import Ledger, ModelCall, SpanRecord, TurnContext
from frontdesk.contract.errors import NotFound, StoreUnavailable
from frontdesk.contract.keys import OwnerKeys, owner_of
from frontdesk.contract.messages import Caller, Message
from frontdesk.contract.turns import GuardrailNote, ToolUse, TurnResult
from frontdesk.tracing.receipts import receipt
from frontdesk.tracing.spans import MAX_SPANS, Spans, installed, trace_id
from frontdesk.tracing.store import Traces
from frontdesk.tracing.trace import MAX_BYTES, Trace, packed, unpacked

SECRET = b"a secret of the tests"
MARKER = "marzipan-4711"
OWNER = owner_of(SECRET, "shop", "ann")


@pytest.fixture
def spans() -> Iterator[Spans]:
    spans = Spans()
    with installed(spans, to_openai=False):
        yield spans


@pytest.fixture
def traces(redis: Redis, spans: Spans) -> Traces:
    return Traces(redis, SECRET, 60, spans)


def a_turn(turn_id: str = "turn_1") -> TurnContext:
    message = Message(turn_id, Caller("shop", "ann"), MARKER, request_id="req_1")
    return TurnContext(message, MARKER, "sess_1")


def price(call: ModelCall) -> Decimal | None:
    return Decimal(call.input_tokens) / 1_000_000 if call.model == "cheap" else None


@function_tool(failure_error_function=None)
async def look(order: str) -> str:
    """Looks an order up."""
    if order == "lost":
        raise LookupError(MARKER)
    return f"{order} has left"


def desk(order: str = MARKER) -> Agent[None]:
    """A desk that hands over to billing, which looks an order up and answers."""
    steps = (
        function_call("transfer_to_billing", {}, call_id="call_1"),
        function_call("look", {"order": order}, call_id="call_2"),
        assistant_message(f"Your {MARKER} has left."),
    )
    model = ScriptedModel([ModelStep([step]) for step in steps], emit_traces=True)
    billing = Agent(name="billing", model=model, tools=[look])
    return Agent(name="triage", model=model, handoffs=[billing])


async def run(agent: Agent[None], turn_id: str = "turn_1") -> None:
    await Runner.run(agent, f"Where is {MARKER}?", run_config=RunConfig(trace_id=trace_id(turn_id)))


def sdk_trace() -> SdkTrace:
    return trace("frontdesk", trace_id("turn_1"))


async def finish(traces: Traces, turn: TurnContext) -> Trace:
    """Keeps the trace of a turn with a receipt, and finds it again."""
    bill = receipt(turn, MARKER, price, "dear")
    result = TurnResult(
        turn.turn_id, turn.session_id, "completed", MARKER, "billing", "specialist", receipt=bill
    )
    await traces.keep(turn, result)
    return await traces.load(OWNER, turn.turn_id)


async def whole_turn(traces: Traces) -> Trace:
    turn = a_turn()
    with traces.collect(turn), turn.ledger.stage("run"):
        await run(desk())
    turn.ledger.calls.append(ModelCall("triage", "cheap", 1000, 0, 20, 0))
    turn.ledger.calls.extend(ModelCall("billing", "dear", n, 0, 30, 0) for n in (2000, 3000))
    turn.ledger.tools.append(ToolUse("look", 1.5, True))
    turn.ledger.notes.append(GuardrailNote("input", "words", "blocklist", "flag"))
    return await finish(traces, turn)


def kinds(ledger: Ledger) -> list[tuple[str, str]]:
    return [(span.kind, span.name) for span in ledger.spans if span.kind not in ("task", "turn")]


async def test_a_run_leaves_its_agents_calls_tools_and_handoffs(spans: Spans) -> None:
    ledger = Ledger()
    with spans.collecting("turn_1", ledger):
        await run(desk())
    assert kinds(ledger) == [
        ("model", ""),
        ("handoff", "billing"),
        ("agent", "triage"),
        ("model", ""),
        ("tool", "look"),
        ("model", ""),
        ("agent", "billing"),
    ]
    assert all(ledger.started <= span.started <= span.ended for span in ledger.spans)


async def test_a_failed_tool_leaves_its_type_and_not_its_words(spans: Spans) -> None:
    ledger = Ledger()
    with spans.collecting("turn_1", ledger), pytest.raises(Exception, match=MARKER):
        await run(desk("lost"))
    assert "error" in {span.error for span in ledger.spans if span.kind == "tool"}
    assert MARKER not in repr(ledger.spans)


async def test_two_turns_at_once_do_not_mix(spans: Spans) -> None:
    ledgers = {f"turn_{number}": Ledger() for number in range(8)}

    async def one(turn_id: str, ledger: Ledger) -> None:
        with spans.collecting(turn_id, ledger):
            await run(desk(turn_id), turn_id)

    await asyncio.gather(*(one(*pair) for pair in ledgers.items()))
    ids = [{span.id for span in ledger.spans} for ledger in ledgers.values()]
    assert {len(kinds(ledger)) for ledger in ledgers.values()} == {7}
    assert len(set().union(*ids)) == sum(map(len, ids))


async def test_spans_from_threads_are_all_kept(spans: Spans) -> None:
    ledger = Ledger()

    def work() -> None:
        for _ in range(40):
            with function_span("dig"):
                pass

    with spans.collecting("turn_1", ledger), sdk_trace():
        await asyncio.gather(*(asyncio.to_thread(work) for _ in range(8)))
    assert len(ledger.spans) == 320


async def test_a_turn_keeps_a_bounded_number_of_spans(spans: Spans) -> None:
    ledger = Ledger()
    with spans.collecting("turn_1", ledger), sdk_trace():
        for _ in range(MAX_SPANS + 5):
            with custom_span("one", {"text": MARKER}):
                pass
    assert len(ledger.spans) == MAX_SPANS
    assert MARKER not in repr(ledger.spans)


async def test_what_comes_after_the_turn_or_from_another_trace_is_ignored(spans: Spans) -> None:
    ledger = Ledger()
    with spans.collecting("turn_1", ledger):
        await run(desk(), "turn_2")
    await run(desk(), "turn_1")
    assert ledger.spans == []


async def test_a_name_made_up_by_a_model_is_short_and_printable(spans: Spans) -> None:
    ledger = Ledger()
    name = "\x1b[2J" + "x" * 1000
    with spans.collecting("turn_1", ledger), sdk_trace(), function_span(name):
        pass
    assert ledger.spans[0].name == "?[2J" + "x" * 60


async def test_the_usage_of_a_response_is_kept(spans: Spans) -> None:
    ledger = Ledger()
    usage = {"input_tokens": 7, "output_tokens": 2, "input_tokens_details": {"cached_tokens": 5}}
    with spans.collecting("turn_1", ledger), sdk_trace(), response_span() as span:
        span.span_data.usage = usage
    assert ledger.spans[0].data == {"input_tokens": 7, "cached_tokens": 5, "output_tokens": 2}


class Exporter(Spans):
    """Stands where the SDK's own exporter stands; counts what reaches it."""

    seen = 0

    def on_span_end(self, span: Span[Any]) -> None:
        self.seen += 1


@pytest.fixture
def exporter(monkeypatch: pytest.MonkeyPatch) -> Iterator[Exporter]:
    exporter = Exporter()
    monkeypatch.setattr("frontdesk.tracing.spans.default_processor", lambda: exporter)
    set_trace_processors([exporter])
    yield exporter
    set_trace_processors([])


@pytest.mark.parametrize(
    ("to_openai", "switched_off", "sends"),
    [(False, False, False), (True, False, True), (False, True, False), (True, True, False)],
)
async def test_every_turn_is_traced_and_sent_only_when_asked_and_not_switched_off(
    exporter: Exporter, to_openai: bool, switched_off: bool, sends: bool
) -> None:
    ledger, spans = Ledger(), Spans()
    set_tracing_disabled(switched_off)
    with installed(spans, to_openai), spans.collecting("turn_1", ledger):
        await run(desk())
    set_tracing_disabled(False)
    assert (exporter.seen > 0, len(kinds(ledger))) == (sends, 7)


async def test_afterwards_nobody_receives_spans(exporter: Exporter) -> None:
    with installed(Spans(), to_openai=True):
        pass
    await run(desk())
    assert exporter.seen == 0


async def test_a_kept_trace_is_found_whole(traces: Traces) -> None:
    kept = await whole_turn(traces)
    assert (kept.status, kept.rung, kept.agent) == ("completed", "specialist", "billing")
    assert kept.receipt is not None
    assert [row.model for row in kept.receipt.by_model] == ["cheap", "dear"]


async def test_model_spans_get_the_models_and_tokens_of_the_ledger(traces: Traces) -> None:
    kept = await whole_turn(traces)
    called = [(s.name, s.data["input_tokens"]) for s in kept.spans if s.kind == "model"]
    assert called == [("cheap", 1000), ("dear", 2000), ("dear", 3000)]


async def test_nothing_that_was_said_is_kept(traces: Traces, redis: Redis) -> None:
    await whole_turn(traces)
    key = OwnerKeys(OWNER).trace("turn_1")
    stored = await redis.get(key)
    assert isinstance(stored, bytes)
    assert b'"look"' in stored
    assert MARKER.encode() not in stored
    assert 0 < await redis.ttl(key) <= 60


async def test_every_turn_leaves_one_line_without_names_or_words(traces: Traces) -> None:
    with capture_logs() as log:
        await whole_turn(traces)
    [line] = log
    assert (line["event"], line["status"], line["rung"]) == ("turn", "completed", "specialist")
    assert (line["model_calls"], line["input_tokens"], line["cost_usd"]) == (3, 6000, None)
    assert not {MARKER, "ann", "shop"} & set(map(str, line.values()))


async def test_another_owner_finds_nothing(traces: Traces) -> None:
    await whole_turn(traces)
    with pytest.raises(NotFound):
        await traces.load(owner_of(SECRET, "shop", "bob"), "turn_1")


async def test_a_trace_that_grew_too_large_keeps_its_head(traces: Traces) -> None:
    turn = a_turn()
    large = SpanRecord("span_1", None, "custom", "one", 1.0, 2.0, {"note": "n" * MAX_BYTES})
    turn.ledger.spans.append(large)
    kept = await finish(traces, turn)
    assert (kept.spans, kept.cut, kept.status) == ((), True, "completed")


async def test_a_turn_does_not_fail_when_its_trace_cannot_be_kept(
    tmp_path: Path, spans: Spans
) -> None:
    nobody = Redis(unix_socket_path=str(tmp_path / "nobody"), retry=Retry(NoBackoff(), 0))
    traces = Traces(nobody, SECRET, 60, spans)
    with capture_logs() as log, pytest.raises(StoreUnavailable):
        await finish(traces, a_turn())
    assert [entry["event"] for entry in log] == ["turn", "trace.lost"]


async def test_a_trace_of_a_newer_version_can_be_read(traces: Traces) -> None:
    kept = await whole_turn(traces)
    newer = packed(kept).replace(b'"turn_id"', b'"mood":"good","turn_id"', 1)
    assert unpacked(newer) == kept
