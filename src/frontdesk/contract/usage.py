"""What was used: turns, tokens and money, added up over days."""

from dataclasses import dataclass, fields
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Used:
    """A sum. `cost_usd` is a decimal string, without the `unpriced_calls`: model calls whose price
    is unknown.
    """

    turns: int = 0
    model_calls: int = 0
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    cost_usd: str = "0"
    unpriced_calls: int = 0

    def __add__(self, other: "Used") -> "Used":
        cost = Decimal(self.cost_usd) + Decimal(other.cost_usd)
        sums = {name: getattr(self, name) + getattr(other, name) for name in COUNTS}
        return Used(**sums, cost_usd=f"{cost:f}")


COUNTS = tuple(field.name for field in fields(Used) if field.name != "cost_usd")
