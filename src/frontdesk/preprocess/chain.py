"""The chain of handlers that a message goes through before cache and models."""

import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from frontdesk.contract.attempts import Failed, attempt
from frontdesk.contract.context import SpanRecord, TurnContext
from frontdesk.contract.handlers import Answer, Enrich, Handler, Outcome, Pass, Reject, Route
from frontdesk.contract.turns import Effect, HandlerUse

EFFECTS: dict[type, Effect] = {
    Answer: "answer",
    Enrich: "enrich",
    Route: "route",
    Reject: "reject",
    Pass: "pass",
}

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
        """Asks each handler in turn until one answers or rejects; the first Route wins. What each
        one did is noted in the ledger.

        A message without words is for no handler, nor is one that a chat client sends for itself.
        One with images, tools of the client or a format is for the models: an answer of a handler
        does not count there, all else does.
        """
        message = context.message
        if message.aside or not context.text:
            return Considered()
        models_only = bool(message.images or message.client_tools or message.wishes.text_format)
        facts: list[str] = []
        agent: str | None = None
        for handler in self.handlers:
            match await _asked(handler, context):
                case Answer() if models_only:
                    pass
                case Answer() | Reject() as outcome:
                    return Considered(outcome, tuple(facts), agent)
                case Enrich(fact):
                    facts.append(fact)
                case Route(name):
                    agent = agent or name
        return Considered(None, tuple(facts), agent)


async def _asked(handler: Handler, context: TurnContext) -> Outcome:
    at, began = time.time(), time.perf_counter()
    outcome: Outcome = Pass()
    try:
        outcome = await attempt(handler.ask(context), handler.timeout_s)
        effect, why = EFFECTS[type(outcome)], "ambiguous" if outcome == Pass(True) else ""
    except Failed as failed:
        late = isinstance(failed.__cause__, TimeoutError)
        effect, why = "skipped" if late else "failed", failed.what
        _log(handler, failed)
    use = HandlerUse(handler.name, effect, (time.perf_counter() - began) * 1000, why)
    context.ledger.handlers.append(use)
    context.ledger.spans.append(_span(use, at))
    return outcome


def _log(handler: Handler, failed: Failed) -> None:
    log.warning(
        "handler.failed",
        handler=handler.name,
        plugin=handler.plugin,
        cause=failed.what,
        error=failed.error,
        at=failed.at,
    )


def _span(use: HandlerUse, started: float) -> SpanRecord:
    return SpanRecord(
        id=f"span_{uuid.uuid4().hex[:24]}",
        parent=None,
        kind="handler",
        name=use.name,
        started=started,
        ended=started + use.ms / 1000,
        data={"outcome": use.effect},
        error=use.why if use.effect in ("skipped", "failed") else None,
    )
