"""What a session has used, added up turn by turn, and beside them."""

import json
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal

from frontdesk.contract.context import ModelCall
from frontdesk.contract.turns import Receipt, SessionTotals

NANO = 1_000_000_000


def add_turn(totals: SessionTotals, receipt: Receipt | None) -> SessionTotals:
    """The totals after one more turn; without a receipt, or of unknown price, it costs nothing."""
    if receipt is None:
        return replace(totals, turns=totals.turns + 1)
    cost = Decimal(totals.cost_usd) + Decimal(receipt.cost_usd or "0")
    return SessionTotals(
        totals.turns + 1,
        totals.model_calls + receipt.model_calls,
        totals.input_tokens + receipt.input_tokens,
        totals.output_tokens + receipt.output_tokens,
        f"{cost:f}",
    )


def dump_spent(calls: Iterable[ModelCall], cost: Decimal | None) -> str:
    """What model calls beside the turns have used, in whole numbers that a script adds up."""
    made = tuple(calls)
    return json.dumps(
        {
            "model_calls": len(made),
            "input_tokens": sum(call.input_tokens for call in made),
            "output_tokens": sum(call.output_tokens for call in made),
            "nano_usd": round((cost or Decimal(0)) * NANO),
        }
    )


def with_summaries(totals: SessionTotals, spent: bytes | None) -> SessionTotals:
    """The totals with what the session's summaries have used."""
    if not spent:
        return totals
    used = json.loads(spent)
    cost = Decimal(totals.cost_usd) + Decimal(used["nano_usd"]) / NANO
    return replace(
        totals,
        model_calls=totals.model_calls + used["model_calls"],
        input_tokens=totals.input_tokens + used["input_tokens"],
        output_tokens=totals.output_tokens + used["output_tokens"],
        cost_usd=f"{cost:f}",
    )
