"""What the turns of this process came to, in numbers for Prometheus: no names of users, no text."""

from decimal import Decimal

from prometheus_client import CollectorRegistry, Counter, Histogram

from frontdesk.contract.context import TurnContext
from frontdesk.contract.turns import ModelUse, TurnResult

SECONDS = (0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)


class TurnMetrics:
    """Counts turns that have ended; `registry` gives the numbers out."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self._turns = Counter(
            "frontdesk_turns", "Turns that ended.", ("status", "channel"), registry=registry
        )
        self._seconds = Histogram(
            "frontdesk_turn_duration_seconds",
            "From a message to the end of its turn, time in the queue included.",
            buckets=SECONDS,
            registry=registry,
        )
        self._first = Histogram(
            "frontdesk_time_to_first_token_seconds",
            "From a message to the first text shown, where somebody reads along.",
            buckets=SECONDS,
            registry=registry,
        )
        self._tokens = Counter(
            "frontdesk_tokens",
            "Tokens; cached ones are among the input, reasoning ones among the output.",
            ("model", "type"),
            registry=registry,
        )
        self._cost = Counter(
            "frontdesk_cost_usd",
            "US dollars, where prices are known.",
            ("model",),
            registry=registry,
        )

    async def count(self, context: TurnContext, result: TurnResult) -> None:
        """Adds a turn that has ended."""
        self._turns.labels(result.status, context.message.channel).inc()
        if result.receipt is None:
            return
        self._seconds.observe(result.receipt.total_ms / 1000)
        if context.message.stream and context.ledger.first_text is not None:
            self._first.observe(context.ledger.first_text - context.ledger.started)
        for use in result.receipt.by_model:
            self._add(use)

    def _add(self, use: ModelUse) -> None:
        counts = {
            "input": use.input_tokens,
            "cached": use.cached_tokens,
            "output": use.output_tokens,
            "reasoning": use.reasoning_tokens,
        }
        for kind, tokens in counts.items():
            self._tokens.labels(use.model, kind).inc(tokens)
        if use.cost_usd is not None:
            self._cost.labels(use.model).inc(float(Decimal(use.cost_usd)))
