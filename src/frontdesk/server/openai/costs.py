"""Where an answer came from and what it cost, in headers of our own."""

from frontdesk.contract.turns import TurnResult


def costs(result: TurnResult) -> dict[str, str]:
    """The headers; those that are not known are left out."""
    cost = result.receipt.cost_usd if result.receipt else None
    told = {"x-frontdesk-rung": result.rung, "x-frontdesk-cost-usd": cost}
    return {name: value for name, value in told.items() if value is not None}
