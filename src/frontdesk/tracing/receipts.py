"""What a turn cost: the receipt, summed from its ledger."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import dropwhile
from typing import TypeAlias

from frontdesk.contract.context import Ledger, ModelCall, TurnContext
from frontdesk.contract.turns import GuardrailNote, ModelUse, Receipt

Price: TypeAlias = Callable[[ModelCall], Decimal | None]
"""The price of one call in USD, None where it is unknown."""


def receipt(context: TurnContext, answer: str, price: Price, specialist_model: str) -> Receipt:
    """The receipt of a turn up to now. A cost is None where the price of any call in it is unknown.

    `specialist_only_cost_usd` estimates the turn without triage, handlers and cache:

    - Every model call is priced with its own tokens at the specialist's model.
    - After a handoff, the cheap calls that led to it are left out: the specialist would have begun.
    - A turn without model calls is priced as one call that reads the history and the message and
      writes `answer`, by the length of the texts. Instructions and tools are not counted, so the
      estimate is low. A turn that a guardrail stopped before any call would have cost nothing.
    """
    ledger, calls = context.ledger, context.ledger.calls
    imagined = _with_specialist(ledger, specialist_model) if calls else _one_call(context, answer)
    repriced = [replace(call, model=specialist_model) for call in imagined]
    return Receipt(
        model_calls=len(calls),
        input_tokens=sum(call.input_tokens for call in calls),
        cached_tokens=sum(call.cached_tokens for call in calls),
        output_tokens=sum(call.output_tokens for call in calls),
        reasoning_tokens=sum(call.reasoning_tokens for call in calls),
        cost_usd=_cost(calls, price),
        specialist_only_cost_usd=_cost(repriced, price),
        by_model=_by_model(calls, price),
        tools=tuple(replace(tool, ms=round(tool.ms, 2)) for tool in ledger.tools),
        guardrails=tuple(ledger.notes),
        stages_ms={name: round(ms, 2) for name, (_, ms) in ledger.stages.items()},
        total_ms=round(max(0.0, time.time() - ledger.started) * 1000, 2),
        held_chars=ledger.held_chars,
        held_ms=round(ledger.held_ms, 2),
        handlers=tuple(replace(each, ms=round(each.ms, 2)) for each in ledger.handlers),
        unchecked=("image",) if context.message.images else (),
    )


def gravest(notes: Sequence[GuardrailNote]) -> GuardrailNote | None:
    """The first block, else the first redaction, else None: a flag changes nothing for the user."""
    for action in ("block", "redact"):
        for note in notes:
            if note.action == action:
                return note
    return None


def estimated_tokens(text: str) -> int:
    """About how many tokens a text has: a quarter of its UTF-8 bytes, and a quarter of that more,
    which was never too few in English, German, Chinese, Python and JSON.
    """
    return -(-len(text.encode("utf-8", "replace")) * 5 // 16)


def _by_model(calls: Iterable[ModelCall], price: Price) -> tuple[ModelUse, ...]:
    rows: dict[tuple[str, str], list[ModelCall]] = {}
    for call in calls:
        rows.setdefault((call.agent, call.model), []).append(call)
    return tuple(_row(made, price) for made in rows.values())


def _row(calls: Sequence[ModelCall], price: Price) -> ModelUse:
    return ModelUse(
        agent=calls[0].agent,
        model=calls[0].model,
        calls=len(calls),
        input_tokens=sum(call.input_tokens for call in calls),
        cached_tokens=sum(call.cached_tokens for call in calls),
        output_tokens=sum(call.output_tokens for call in calls),
        reasoning_tokens=sum(call.reasoning_tokens for call in calls),
        cost_usd=_cost(calls, price),
        estimated=any(call.estimated for call in calls),
    )


def _cost(calls: Iterable[ModelCall], price: Price) -> str | None:
    total = Decimal(0)
    for call in calls:
        one = price(call)
        if one is None:
            return None
        total += one
    return usd(total)


def usd(amount: Decimal) -> str:
    """The amount as a decimal string, without an exponent and without zeros at the end."""
    return format(amount.normalize(), "f")


def _with_specialist(ledger: Ledger, model: str) -> list[ModelCall]:
    calls = ledger.calls
    if not ledger.hops:
        return calls
    first = calls[0].agent
    after = dropwhile(lambda call: call.agent == first and call.model != model, calls)
    return list(after) or calls


def _one_call(context: TurnContext, answer: str) -> list[ModelCall]:
    stopped = gravest(context.ledger.notes)
    if not answer or (stopped and stopped.action == "block"):
        return []
    read = sum(record.tokens for record in context.history) + estimated_tokens(context.text)
    return [ModelCall("", "", read, 0, estimated_tokens(answer), 0)]
