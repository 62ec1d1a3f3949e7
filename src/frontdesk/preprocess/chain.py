"""The chain of handlers that a message goes through before cache and models."""

import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from frontdesk.contract.attempts import Failed, attempt
from frontdesk.contract.context import SpanRecord, TurnContext
from frontdesk.contract.handlers import Answer, Enrich, Handler, Outcome, Pass, Reject, Route

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Considered:
    """What the handlers came to: an outcome that ends the turn, or facts for the models and the
    agent that takes it.
    """

    outcome: Answer | Reject | None = None
    facts: tuple[str, ...] = ()
    agent: str | None = None


class Handlers:
    """The handlers in their order: by `order`, then by name."""

    def __init__(self, handlers: Sequence[Handler]) -> None:
        self.handlers = tuple(sorted(handlers, key=lambda each: (each.order, each.name)))

    async def consider(self, context: TurnContext) -> Considered:
        """Asks each handler in turn until one answers or rejects; the first Route wins."""
        facts: list[str] = []
        agent: str | None = None
        for handler in self.handlers:
            match await _asked(handler, context):
                case Answer() | Reject() as outcome:
                    return Considered(outcome, tuple(facts), agent)
                case Enrich(fact):
                    facts.append(fact)
                case Route(name):
                    agent = agent or name
        return Considered(None, tuple(facts), agent)


async def _asked(handler: Handler, context: TurnContext) -> Outcome:
    started = time.time()
    try:
        outcome = await attempt(handler.handle(context), handler.timeout_s)
    except Failed as failed:
        _log(handler, failed)
        context.ledger.spans.append(_span(handler, started, "failed", failed.what))
        return Pass()
    if not isinstance(outcome, Pass):
        context.ledger.spans.append(_span(handler, started, type(outcome).__name__.lower()))
    return outcome


def _log(handler: Handler, failed: Failed) -> None:
    log.warning(
        "handler.failed",
        handler=handler.name,
        plugin=handler.plugin,
        error=failed.error,
        at=failed.at,
    )


def _span(handler: Handler, started: float, outcome: str, error: str | None = None) -> SpanRecord:
    return SpanRecord(
        id=f"span_{uuid.uuid4().hex[:24]}",
        parent=None,
        kind="handler",
        name=handler.name,
        started=started,
        ended=time.time(),
        data={"outcome": outcome},
        error=error,
    )
