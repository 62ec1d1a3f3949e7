"""Streams through the gate: what comes, and what a reader gets of it."""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from itertools import pairwise

from frontdesk.contract.context import Ledger
from frontdesk.contract.errors import GuardrailUnavailable
from frontdesk.contract.events import Event, GuardrailTriggered, Happening, TextDelta
from frontdesk.contract.guardrails import Action, Blocked, Finding, Guardrail, Policy, Text
from frontdesk.contract.turns import GuardrailNote
from frontdesk.guardrails.chain import Guards


async def look_for_email(text: Text) -> Sequence[Finding]:
    found = re.finditer(r"[a-z]{1,8}@[a-z]{1,8}\.kr", text.original)
    return [Finding("email", *each.span()) for each in found]


async def fail(text: Text) -> Sequence[Finding]:
    raise ValueError(text.original)


EMAIL = Guardrail("email", look_for_email, reach=20)
WHOLE = Guardrail("whole", look_for_email)


def guards(
    *guardrails: Guardrail, actions: Mapping[str, Action] | None = None, limit: int = 32_000
) -> Guards:
    return Guards(guardrails, Policy(max_output_chars=limit, actions=actions or {}))


class Source:
    """A run of agents that yields the given events; a string is a piece of message 0."""

    def __init__(self, *events: Event | str) -> None:
        self.events, self.taken, self.closed = events, 0, False

    async def run(self) -> AsyncIterator[Event]:
        try:
            for event in self.events:
                self.taken += 1
                yield TextDelta("turn", event, 0) if isinstance(event, str) else event
        finally:
            self.closed = True


class Reader:
    """Reads a checked stream to its end and keeps what came, and why it ended early."""

    def __init__(self, check: Guards, *events: Event | str) -> None:
        self.source, self.check, self.ledger = Source(*events), check, Ledger()
        self.events: list[Happening] = []
        self.stop: Exception | None = None

    async def read(self) -> "Reader":
        try:
            async with aclosing(self.check.output(self.source.run(), self.ledger)) as checked:
                async for event in checked:
                    self.events.append(event)
        except (Blocked, GuardrailUnavailable) as stop:
            self.stop = stop
        return self

    def text(self, message: int = 0) -> str:
        """What was shown of a message."""
        deltas = [event for event in self.events if isinstance(event, TextDelta)]
        return "".join(delta.text for delta in deltas if delta.message == message)

    @property
    def triggered(self) -> list[GuardrailNote]:
        """What guardrails were announced to have done."""
        return [event.guardrail for event in self.events if isinstance(event, GuardrailTriggered)]


async def read(check: Guards, *events: Event | str) -> Reader:
    return await Reader(check, *events).read()


def pieces(text: str, cuts: Sequence[int]) -> list[str]:
    places = sorted({0, len(text), *(cut for cut in cuts if cut < len(text))})
    return [text[a:b] for a, b in pairwise(places)]
