"""The streaming gate: text of an answer leaves only after it is checked.

Of each output message the gate keeps what has not left yet. A finding may still be coming as long
as less than its guardrail's reach is there, so the last `reach - 1` visible characters wait, and so
does what is inside of a finding that goes on; when the message ends, the rest is checked and leaves
too. A check sees what waits and `reach` characters before it, so its cost does not grow with the
answer, and a finding longer than its reach cannot be found. A guardrail without a reach judges
complete messages: then a whole message waits for its end.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace

from frontdesk.contract.context import Ledger
from frontdesk.contract.events import (
    AgentChanged,
    Event,
    GuardrailTriggered,
    TextDelta,
    ToolCalled,
    TurnEnded,
    TurnWaiting,
)
from frontdesk.contract.guardrails import Blocked
from frontdesk.contract.turns import GuardrailNote
from frontdesk.guardrails.checkpoint import Checkpoint, Ruling, gravest
from frontdesk.guardrails.folding import seen, step_back
from frontdesk.guardrails.length import CUT, MARK
from frontdesk.guardrails.redaction import Span, redact, spans


async def gate(
    events: AsyncIterator[Event], checkpoint: Checkpoint, ledger: Ledger
) -> AsyncGenerator[Event, None]:
    """Passes events on, text only when it is checked; the source is closed whatever happens.

    An answer that grows over the policy's `max_output_chars` (all messages of the turn together)
    is cut there, and the source is closed early.

    Raises:
        Blocked: after its `GuardrailTriggered`; nothing of what was found has left.
        GuardrailUnavailable: a check failed; nothing more leaves.
    """
    held = Held(checkpoint, ledger)
    async with _closing(events):
        async for event in events:
            for ready in await held.take(event):
                yield ready
            if held.stop:
                raise held.stop
            if held.full:
                return
        for ready in await held.finish():
            yield ready
        if held.stop:
            raise held.stop


class Held:
    """The text that waits, and what has to be known of the turn's text before it.

    `stop` is set when the turn must end as blocked, `full` when the answer was cut.
    """

    def __init__(self, checkpoint: Checkpoint, ledger: Ledger) -> None:
        self.stop: Blocked | None = None
        self.full = False
        reaches = [guardrail.reach for guardrail in checkpoint.guardrails]
        self._reach = max([1, *reaches])
        self._whole = 0 in reaches
        self._checkpoint, self._ledger = checkpoint, ledger
        self._noted: set[GuardrailNote] = set()
        self._room = checkpoint.policy.max_output_chars
        self._last = TextDelta("", "", 0)
        self._text = ""  # some text that has left, for the checks, and all that waits
        self._left = 0  # self._text[:self._left] has left

    async def take(self, event: Event) -> list[Event]:
        """The events that may leave now that this one has come."""
        if isinstance(event, TextDelta):
            return await self._take_text(event)
        if not isinstance(event, ToolCalled | AgentChanged | TurnWaiting | TurnEnded):
            return [event]
        done = await self.finish()
        return done if self.stop else [*done, event]

    async def finish(self) -> list[Event]:
        """The message is complete: what waits is checked and may leave."""
        return await self._settle(complete=True) if self._left < len(self._text) else []

    async def _take_text(self, delta: TextDelta) -> list[Event]:
        done: list[Event] = []
        if delta.message != self._last.message:
            done = await self.finish()
            self._text, self._left = "", 0
            if self.stop:
                return done
        self._last = delta
        self._text += delta.text
        self._room -= len(delta.text)
        self.full = self._room < 0
        # An invisible character lets nothing leave; a check for each would make them dear.
        if self.full or (seen(delta.text) and not self._whole):
            done += await self._settle(complete=False)
        return done

    async def _settle(self, *, complete: bool) -> list[Event]:
        found = await self._checkpoint.rulings(self._text)
        rulings = [ruling for ruling in found if ruling.end > self._left]
        worst = gravest(rulings)
        if worst and worst.action == "block":
            self.stop = Blocked(self._checkpoint.verdict(worst, self._ledger.language))
            return self._tell([self._checkpoint.note(worst)])
        redacted = spans(rulings)
        end = len(self._text) if complete else self._bound(redacted)
        told = self._tell(self._checkpoint.notes(_before(end, rulings)))
        return [*told, *self._release(end, redacted)]

    def _bound(self, redacted: list[Span]) -> int:
        """How far text may leave while more of it may come, or when it is cut."""
        end = step_back(self._text, len(self._text), self._reach - 1)
        end = min(end, len(self._text) + min(0, self._room))
        for span in redacted:
            if span.start < end < span.end:
                end = span.start
        return max(end, self._left)

    def _release(self, end: int, redacted: list[Span]) -> list[Event]:
        shift = self._left
        inside = [
            Span(span.category, max(0, span.start - shift), span.end - shift)
            for span in redacted
            if span.end <= end
        ]
        text = redact(self._text[shift:end], inside, self._ledger.vault)
        context = step_back(self._text, end, self._reach)
        self._text, self._left = self._text[context:], end - context
        told = self._tell([CUT]) if self.full else []
        text += MARK if self.full else ""
        return [*([replace(self._last, text=text)] if text else []), *told]

    def _tell(self, notes: Iterable[GuardrailNote]) -> list[Event]:
        """Writes the notes down and announces them, each once in a turn."""
        new = [note for note in notes if note not in self._noted]
        self._noted.update(new)
        self._ledger.notes += new
        return [GuardrailTriggered(self._last.turn_id, note) for note in new]


def _before(end: int, rulings: Iterable[Ruling]) -> list[Ruling]:
    return [ruling for ruling in rulings if ruling.end <= end]


@asynccontextmanager
async def _closing(events: AsyncIterator[Event]) -> AsyncIterator[None]:
    try:
        yield
    finally:
        if isinstance(events, AsyncGenerator):
            await events.aclose()
