"""The trace of one turn: a value that holds what happened and never what was said."""

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

import orjson

from frontdesk.contract.context import Ledger, ModelCall, SpanRecord, TurnContext
from frontdesk.contract.turns import (
    GuardrailNote,
    HandlerUse,
    ModelUse,
    Receipt,
    Rung,
    Status,
    ToolUse,
    TurnResult,
)
from frontdesk.tracing.spans import MAX_SPANS

MAX_BYTES = 256 * 1024

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Trace:
    """What one turn did. `started` is in seconds since the epoch; `code` is the error's, if it
    failed; `cut` says that there were more spans than are kept.

    `spans` holds the steps of the turn (kind `step`) and below them what the SDK reported (`agent`,
    `model`, `tool`, `handoff`, `guardrail`, ...).
    """

    turn_id: str
    session_id: str
    status: Status
    started: float
    rung: Rung | None = None
    agent: str | None = None
    code: str | None = None
    receipt: Receipt | None = None
    guardrails: tuple[GuardrailNote, ...] = ()
    spans: tuple[SpanRecord, ...] = ()
    cut: bool = False


def make_trace(context: TurnContext, result: TurnResult) -> Trace:
    """The trace of a turn that has ended."""
    ledger = context.ledger
    return Trace(
        turn_id=context.turn_id,
        session_id=context.session_id,
        status=result.status,
        started=ledger.started,
        rung=result.rung,
        agent=result.agent,
        code=result.error.code if result.error else None,
        receipt=result.receipt,
        guardrails=tuple(ledger.notes),
        spans=_spans(ledger),
        cut=len(ledger.spans) >= MAX_SPANS,
    )


def packed(trace: Trace) -> bytes:
    """The trace as JSON, without its spans when they make it larger than `MAX_BYTES`."""
    data = orjson.dumps(trace)
    return data if len(data) <= MAX_BYTES else orjson.dumps(replace(trace, spans=(), cut=True))


def unpacked(data: bytes | str) -> Trace:
    """The trace that `packed` wrote, by this version or one near it."""
    value = orjson.loads(data)
    return _made(
        Trace,
        value,
        receipt=_receipt(value["receipt"]),
        guardrails=_all(GuardrailNote, value["guardrails"]),
        spans=_all(SpanRecord, value["spans"]),
    )


def _receipt(value: Mapping[str, Any] | None) -> Receipt | None:
    if value is None:
        return None
    return _made(
        Receipt,
        value,
        by_model=_all(ModelUse, value["by_model"]),
        tools=_all(ToolUse, value["tools"]),
        guardrails=_all(GuardrailNote, value["guardrails"]),
        handlers=_all(HandlerUse, value.get("handlers", ())),
    )


def _all(kind: type[T], values: Iterable[Mapping[str, Any]]) -> tuple[T, ...]:
    return tuple(_made(kind, value) for value in values)


def _made(kind: type[T], value: Mapping[str, Any], **parts: object) -> T:
    # During a rolling deploy, another version may have written fields that this one does not know.
    names = {field.name for field in fields(kind)}  # type: ignore[arg-type]  # all are dataclasses
    return kind(**{**{name: value[name] for name in names & value.keys()}, **parts})


def _spans(ledger: Ledger) -> tuple[SpanRecord, ...]:
    steps = [
        SpanRecord(f"step_{name}", None, "step", name, at, at + ms / 1000)
        for name, (at, ms) in ledger.stages.items()
    ]
    told = _with_calls(ledger.spans, ledger.calls)
    below = [span if span.parent else replace(span, parent=_step(steps, span)) for span in told]
    return tuple(sorted((*steps, *below), key=lambda span: span.started))


def _step(steps: Sequence[SpanRecord], span: SpanRecord) -> str | None:
    within = [step for step in steps if step.started <= span.started <= step.ended]
    return within[-1].id if within else None


def _with_calls(spans: Sequence[SpanRecord], calls: Iterable[ModelCall]) -> list[SpanRecord]:
    """The spans, those of finished model calls with the model and tokens that the ledger has.

    The SDK tells a span's model only together with its content, so the n-th finished model span of
    an agent is paired with the agent's n-th call.
    """
    waiting: dict[str, deque[ModelCall]] = defaultdict(deque)
    for call in calls:
        waiting[call.agent].append(call)
    by_id = {span.id: span for span in spans}
    told = []
    for span in spans:
        queue = waiting[_agent_of(span, by_id)] if span.kind == "model" and not span.error else None
        told.append(_with_call(span, queue.popleft()) if queue else span)
    return told


def _agent_of(span: SpanRecord, by_id: Mapping[str, SpanRecord]) -> str:
    above: SpanRecord | None = span
    while above is not None and above.kind != "agent":
        above = by_id.get(above.parent or "")
    return above.name if above else ""


def _with_call(span: SpanRecord, call: ModelCall) -> SpanRecord:
    tokens = {
        "model": call.model,
        "input_tokens": call.input_tokens,
        "cached_tokens": call.cached_tokens,
        "output_tokens": call.output_tokens,
        "reasoning_tokens": call.reasoning_tokens,
    }
    return replace(span, name=call.model, data={**span.data, **tokens})
