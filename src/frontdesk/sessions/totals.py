"""What a session has used, added up turn by turn."""

from dataclasses import replace
from decimal import Decimal

from frontdesk.contract.turns import Receipt, SessionTotals


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
