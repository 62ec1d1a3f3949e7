"""The streaming gate: text of an answer leaves only after it is checked.

Of each output message the gate keeps what has not left yet. Every guardrail says from which place a
finding may still come (`pending`, at most `reach - 1` visible characters from the end); what stands
before all of these places is checked and leaves. A check sees what waits and `reach` characters
before it, so its cost does not grow with the answer. When the message ends, the rest is checked and
leaves too. What leaves does not depend on the pieces in which the text came.

The policy's `output` changes that for an agent: `buffer` keeps a message until it is complete, and
so does a guardrail without a reach; `raw` keeps nothing back, so a finding is stopped only from
where it can be seen, and ends the turn.
"""

import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

from frontdesk.contract.context import Ledger
from frontdesk.contract.events import (
    AgentChanged,
    Event,
    GuardrailTriggered,
    Happening,
    RoundEnded,
    TextDelta,
    ToolCalled,
    TurnEnded,
    TurnWaiting,
)
from frontdesk.contract.guardrails import Blocked
from frontdesk.contract.turns import GuardrailNote
from frontdesk.guardrails.checkpoint import Checkpoint, Ruling
from frontdesk.guardrails.folding import seen, step_back
from frontdesk.guardrails.holdback import PACE_CHARS, PACE_S, Waits, bound, reach_of
from frontdesk.guardrails.length import CUT, MARK
from frontdesk.guardrails.normal import Normal
from frontdesk.guardrails.provenance import Known
from frontdesk.guardrails.redaction import Span, redact, spans

ENDS_MESSAGE = (ToolCalled, AgentChanged, RoundEnded, TurnWaiting, TurnEnded)
Of = Callable[[str | None], Checkpoint]
"""The checks for what an agent says."""


async def gate(
    events: AsyncIterator[Happening], of: Of, agent: str | None, known: Known, ledger: Ledger
) -> AsyncGenerator[Happening, None]:
    """Passes events on, text only when it is checked; the source is closed whatever happens.
    `agent` speaks first.

    An answer that grows over the policy's `max_output_chars` (all messages of the turn together)
    is cut there, and the source is closed early.

    Raises:
        Blocked: after its `GuardrailTriggered`; nothing of what was found has left.
        GuardrailUnavailable: a check failed; nothing more leaves.
    """
    held = Held(of, agent, known, ledger)
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

    def __init__(self, of: Of, agent: str | None, known: Known, ledger: Ledger) -> None:
        self.stop: Blocked | None = None
        self.full = False
        self._of, self._known, self._ledger = of, known, ledger
        self._listen(of(agent))
        self._noted: set[GuardrailNote] = set()
        self._length = 0
        self._last = TextDelta("", "", 0)
        self._text = ""  # some text that has left, for the checks, and all that waits
        self._left = 0  # self._text[:self._left] has left
        self._waits = Waits(ledger)
        self._looked, self._seen = 0.0, 0

    async def take(self, event: Happening) -> Sequence[Happening]:
        """The events that may leave now that this one has come."""
        if isinstance(event, TextDelta):
            return await self._take_text(event)
        if not isinstance(event, ENDS_MESSAGE):
            return [event]
        done = await self.finish()
        if isinstance(event, AgentChanged):
            self._listen(self._of(event.agent))
        return done if self.stop else [*done, event]

    async def finish(self) -> list[Event]:
        """The message is complete: what waits is checked and may leave."""
        text = Normal(self._text)
        return await self._settle(None, text) if self._left < len(self._text) else []

    def _listen(self, checkpoint: Checkpoint) -> None:
        self._checkpoint, self._mode = checkpoint, checkpoint.policy.output
        self._reach = reach_of(checkpoint.guardrails)
        self._clearance = {each.name: each.clearance for each in checkpoint.guardrails}
        if any(guardrail.reach == 0 for guardrail in checkpoint.guardrails):
            self._mode = "buffer"

    async def _take_text(self, delta: TextDelta) -> list[Event]:
        done: list[Event] = []
        if delta.message != self._last.message:
            done = await self.finish()
            self._text, self._left = "", 0
            if self.stop:
                return done
        self._last = delta
        self._add(delta.text)
        # An invisible character lets nothing leave; a look for each would make them dear.
        if self.full or (seen(delta.text) and self._mode != "buffer"):
            done += await self._look()
        self._waits.wait()
        return done

    def _add(self, text: str) -> None:
        """Takes what there is room for: what leaves of a cut answer depends on that alone."""
        room = max(0, self._checkpoint.policy.max_output_chars - self._length)
        self.full = len(text) > room
        self._length += len(text)
        self._text += text[:room] if self.full else text
        self._waits.come(min(len(text), room))

    async def _look(self) -> list[Event]:
        raw, now = self._mode == "raw", time.monotonic()
        fresh = self._length - self._seen
        if fresh < PACE_CHARS and now - self._looked < PACE_S and not (self.full or raw):
            return []
        self._looked, self._seen = now, self._length
        text = Normal(self._text)
        with self._waits.checking():
            end = len(self._text) if raw else await bound(self._checkpoint, text)
        return await self._settle(end, text) if self.full or end > self._left else []

    async def _settle(self, until: int | None, text: Normal) -> list[Event]:
        """Lets leave what may before the place `until`; None is the end of the message."""
        with self._waits.checking():
            found = await self._checkpoint.rulings(text)
        end = len(self._text) if until is None else until
        rulings = sorted(filter(self._counts, found), key=lambda each: each.start)
        if until is not None:
            end = min([end, *(each.start for each in rulings if self._open(each))])
            rulings = [each for each in rulings if each.start < end]
        block = next((each for each in rulings if each.action == "block"), None)
        if block:
            end = self._left if self._mode == "buffer" else block.start
        redacted = spans(rulings)
        end = self._before(end, redacted)
        told = self._tell(map(self._checkpoint.note, (r for r in rulings if r.end <= end)))
        cut = self._cut() if self.full and not block else []
        return [*told, *self._release(end, redacted), *cut, *self._stopped(block)]

    def _counts(self, ruling: Ruling) -> bool:
        """Whether it is about text that has not left, and not the reader's own."""
        value = self._text[ruling.start : ruling.end]
        return ruling.end > self._left and not self._known.covers(ruling.category, value)

    def _open(self, ruling: Ruling) -> bool:
        """Whether words that may still come could take it back."""
        clearance = self._clearance.get(ruling.guardrail, 0)
        return self._mode != "raw" and ruling.end + clearance > len(self._text)

    def _before(self, end: int, redacted: list[Span]) -> int:
        """The place, or the beginning of what is to be redacted there."""
        if self._mode != "raw":
            end = min([end, *(span.start for span in redacted if span.start < end < span.end)])
        return max(end, self._left)

    def _release(self, end: int, redacted: list[Span]) -> list[Event]:
        shift = self._left
        inside = [
            Span(span.category, max(0, span.start - shift), span.end - shift)
            for span in redacted
            if span.end <= end
        ]
        text = redact(self._text[shift:end], inside, self._ledger.vault)
        self._waits.leave(end - shift)
        context = step_back(self._text, end, self._reach)
        self._text, self._left = self._text[context:], end - context
        return [replace(self._last, text=text)] if text else []

    def _cut(self) -> list[Event]:
        return [replace(self._last, text=MARK), *self._tell([CUT])]

    def _stopped(self, block: Ruling | None) -> list[Event]:
        if block is None:
            return []
        self.stop = Blocked(self._checkpoint.verdict(block, self._ledger.language))
        return self._tell([self._checkpoint.note(block)])

    def _tell(self, notes: Iterable[GuardrailNote]) -> list[Event]:
        """Writes the notes down and announces them, each once in a turn."""
        new = [note for note in dict.fromkeys(notes) if note not in self._noted]
        self._noted.update(new)
        self._ledger.notes += new
        return [GuardrailTriggered(self._last.turn_id, note) for note in new]


@asynccontextmanager
async def _closing(events: AsyncIterator[Happening]) -> AsyncIterator[None]:
    try:
        yield
    finally:
        if isinstance(events, AsyncGenerator):
            await events.aclose()
