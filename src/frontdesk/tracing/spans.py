"""The SDK's spans of a turn, taken into its ledger instead of being sent to OpenAI."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from threading import Thread
from typing import Any, TypeAlias

import structlog
from agents.tracing import (
    AgentSpanData,
    CustomSpanData,
    FunctionSpanData,
    GenerationSpanData,
    GuardrailSpanData,
    HandoffSpanData,
    MCPListToolsSpanData,
    ResponseSpanData,
    Span,
    SpanData,
    SpanError,
    Trace,
    TracingProcessor,
    TurnSpanData,
    flush_traces,
    get_trace_provider,
    set_trace_processors,
    set_tracing_disabled,
    set_tracing_export_api_key,
)
from agents.tracing.processors import default_processor

from frontdesk.contract.context import Ledger, SpanRecord

MAX_SPANS = 500
FLUSH_S = 5.0

Facts: TypeAlias = tuple[str, str, dict[str, Any]]

logger = structlog.get_logger(__name__)


class Spans(TracingProcessor):
    """Writes each finished SDK span into the ledger of its turn; other traces are ignored.

    The SDK calls it on the event loop and from worker threads: a look-up and an append, both
    atomic, nothing that waits. A turn keeps `MAX_SPANS` at most.
    """

    def __init__(self) -> None:
        self._ledgers: dict[str, Ledger] = {}

    @contextmanager
    def collecting(self, turn_id: str, ledger: Ledger) -> Iterator[None]:
        """Takes the spans of the trace `trace_id(turn_id)` into this ledger."""
        key = trace_id(turn_id)
        self._ledgers[key] = ledger
        try:
            yield
        finally:
            if self._ledgers.get(key) is ledger:
                del self._ledgers[key]

    def on_span_end(self, span: Span[Any]) -> None:
        """Keeps the span, without any content, when a turn collects its trace."""
        ledger = self._ledgers.get(span.trace_id)
        if ledger is not None and len(ledger.spans) < MAX_SPANS:
            ledger.spans.append(_record(span))

    def on_trace_start(self, trace: Trace) -> None:
        """Nothing: a turn has one trace, and its own record."""

    def on_trace_end(self, trace: Trace) -> None:
        """Nothing: the turn ends later than its run."""

    def on_span_start(self, span: Span[Any]) -> None:
        """Nothing: a span is kept when it ends."""

    def shutdown(self) -> None:
        """Nothing to close."""

    def force_flush(self) -> None:
        """Nothing is buffered."""


def trace_id(turn_id: str) -> str:
    """The SDK's trace id of a turn, for `RunConfig.trace_id`; always the same for the same turn."""
    return f"trace_{hashlib.sha256(turn_id.encode()).hexdigest()[:32]}"


@contextmanager
def installed(spans: Spans, to_openai: bool, key: str | None = None) -> Iterator[None]:
    """Puts `spans` in the place of the SDK's exporter, which sends traces with content to OpenAI;
    with `to_openai` the exporter stays beside it and signs with `key` (None: the environment's).
    Afterwards nobody receives spans.

    `OPENAI_AGENTS_DISABLE_TRACING` would silence every processor: it is lifted for ours, and
    respected as a wish that nothing be sent.
    """
    disabled = get_trace_provider().create_trace("probe").trace_id == "no-op"
    if disabled and to_openai:
        logger.warning("tracing.not_sent", reason="OPENAI_AGENTS_DISABLE_TRACING is set")
    sends = to_openai and not disabled
    if sends and key:
        set_tracing_export_api_key(key)
    set_trace_processors([default_processor(), spans] if sends else [spans])
    set_tracing_disabled(False)
    try:
        yield
    finally:
        if sends:
            _flush()
        set_trace_processors([])
        set_tracing_disabled(disabled)


def _flush() -> None:
    # A dead network must not hold the end of the process: the exporter retries for a minute.
    sender = Thread(target=flush_traces, name="frontdesk-trace-flush", daemon=True)
    sender.start()
    sender.join(FLUSH_S)


def _record(span: Span[Any]) -> SpanRecord:
    kind, name, data = _facts(span.span_data)
    return SpanRecord(
        id=span.span_id,
        parent=span.parent_id,
        kind=kind,
        name=printable(name),
        started=_seconds(span.started_at),
        ended=_seconds(span.ended_at),
        data=data,
        error=_error(span.error),
    )


def _facts(data: SpanData) -> Facts:
    """Kind, name and what is not content; a kind that is not listed here shows only that it was."""
    match data:
        case AgentSpanData():
            return "agent", data.name, {}
        case GenerationSpanData():
            return "model", data.model or "", _model(data.model, data.usage)
        case ResponseSpanData():
            model = data.response.model if data.response else None
            return "model", model or "", _model(model, data.usage)
        case FunctionSpanData():
            return "tool", data.name, {}
        case HandoffSpanData():
            ends = {"from": data.from_agent, "to": data.to_agent}
            return "handoff", data.to_agent or "", ends
        case GuardrailSpanData():
            return "guardrail", data.name, {"triggered": data.triggered}
        case _:
            return data.type, _plain_name(data), {}


def _plain_name(data: SpanData) -> str:
    match data:
        case TurnSpanData():
            return data.agent_name
        case CustomSpanData():
            return data.name
        case MCPListToolsSpanData():
            return data.server or ""
        case _:
            return data.type


def _model(model: str | None, usage: dict[str, Any] | None) -> dict[str, Any]:
    usage = usage or {}
    tokens = {
        "input_tokens": usage.get("input_tokens"),
        "cached_tokens": (usage.get("input_tokens_details") or {}).get("cached_tokens"),
        "output_tokens": usage.get("output_tokens"),
        "reasoning_tokens": (usage.get("output_tokens_details") or {}).get("reasoning_tokens"),
    }
    known = {name: count for name, count in tokens.items() if isinstance(count, int)}
    return {"model": printable(model), **known} if model else known


def _error(error: SpanError | None) -> str | None:
    """The type of the error where the SDK tells it; its words may quote the user."""
    if error is None:
        return None
    name = (error.get("data") or {}).get("name")
    return printable(name) if isinstance(name, str) and name.isidentifier() else "error"


def printable(name: str) -> str:
    """A name fit for a terminal and a record: a model may make up the name of a tool."""
    return "".join(char if char.isprintable() else "?" for char in name[:64])


def _seconds(moment: str | None) -> float:
    return datetime.fromisoformat(moment).timestamp() if moment else 0.0
