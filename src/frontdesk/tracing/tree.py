"""A trace as lines for a terminal: the turn, its steps, the agents and what they called."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from frontdesk.contract.context import ModelCall, SpanRecord
from frontdesk.contract.turns import GuardrailNote, Receipt
from frontdesk.tracing.receipts import Price, usd
from frontdesk.tracing.trace import Trace

HIDDEN = frozenset({"task", "turn"})
"""What the SDK's loop adds around agents and calls: shown through, for it says nothing more."""

Children = Mapping[str | None, Sequence[SpanRecord]]


def lines(trace: Trace, price: Price) -> list[str]:
    """The trace as a tree, one line each: milliseconds, tokens, USD; `price` prices each call."""
    children = _children(trace.spans)
    rows = [(_span(span, price), span.id) for span in children[None]]
    notes = [(_note(note), "") for note in trace.guardrails]
    more = [("more spans were not kept", "")] if trace.cut else []
    return [_head(trace), *_branches([*rows, *notes, *more], children, price, "")]


def _children(spans: Sequence[SpanRecord]) -> Children:
    hidden = {span.id: span.parent for span in spans if span.kind in HIDDEN}
    shown = {span.id for span in spans if span.kind not in HIDDEN}
    below: dict[str | None, list[SpanRecord]] = defaultdict(list)
    for span in spans:
        if span.kind not in HIDDEN:
            above = _visible(span.parent, hidden)
            below[above if above in shown else None].append(span)
    return below


def _visible(parent: str | None, hidden: Mapping[str, str | None]) -> str | None:
    while parent is not None and parent in hidden:
        parent = hidden[parent]
    return parent


def _branches(
    rows: Sequence[tuple[str, str]], children: Children, price: Price, indent: str
) -> Iterator[str]:
    for number, (text, span_id) in enumerate(rows, start=1):
        last = number == len(rows)
        yield f"{indent}{'└─' if last else '├─'} {text}"
        below = [(_span(span, price), span.id) for span in children.get(span_id, ())]
        yield from _branches(below, children, price, indent + ("   " if last else "│  "))


def _head(trace: Trace) -> str:
    parts = [f"turn {trace.turn_id}", trace.status, trace.rung, trace.agent, trace.code]
    costs = _costs(trace.receipt) if trace.receipt else []
    return " · ".join([part for part in parts if part] + costs)


def _costs(receipt: Receipt) -> list[str]:
    alone = receipt.specialist_only_cost_usd
    return [
        _ms(receipt.total_ms),
        _tokens(receipt.input_tokens, receipt.cached_tokens, receipt.output_tokens),
        _money(receipt.cost_usd),
        f"specialist only: {'' if alone is None else 'about '}{_money(alone)}",
    ]


def _span(span: SpanRecord, price: Price) -> str:
    label = span.name if span.kind == "step" else f"{span.kind} {span.name}".rstrip()
    if span.kind == "handoff":
        label = f"handoff {span.data.get('from')} -> {span.data.get('to')}"
    parts = [label, _ms((span.ended - span.started) * 1000)]
    if span.kind == "model" and "input_tokens" in span.data:
        parts += _call(span, price)
    if span.data.get("triggered"):
        parts.append("triggered")
    return " · ".join(parts + ([f"failed: {span.error}"] if span.error else []))


def _call(span: SpanRecord, price: Price) -> list[str]:
    counts = [
        int(span.data.get(f"{name}_tokens", 0))
        for name in ("input", "cached", "output", "reasoning")
    ]
    read, cached, written, reasoning = counts
    cost = price(ModelCall("", span.name, read, cached, written, reasoning))
    return [_tokens(*counts[:3]), _money(None if cost is None else usd(cost))]


def _note(note: GuardrailNote) -> str:
    return f"guardrail {note.name} · {note.stage} · {note.found} · {note.action}"


def _ms(value: float) -> str:
    return f"{value:,.1f} ms" if value < 100 else f"{value:,.0f} ms"


def _tokens(read: int, cached: int, written: int) -> str:
    return f"{read:,} in" + (f" ({cached:,} cached)" if cached else "") + f", {written:,} out"


def _money(amount: str | None) -> str:
    return f"${amount}" if amount is not None else "price unknown"
