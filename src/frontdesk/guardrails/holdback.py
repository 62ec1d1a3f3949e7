"""How far a streamed text may leave before more of it is there, and how long it has waited."""

import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from frontdesk.contract.attempts import Failed, attempt
from frontdesk.contract.context import Ledger
from frontdesk.contract.guardrails import Guardrail, Text
from frontdesk.guardrails.checkpoint import Checkpoint
from frontdesk.guardrails.folding import step_back

PACE_CHARS = 32
PACE_S = 0.05
"""So much more text, or so much later, is worth another check: each looks at the context again."""


def reach_of(guardrails: Sequence[Guardrail]) -> int:
    """How many visible characters before a place one of the checks may depend on."""
    return max([1, *(guardrail.reach for guardrail in guardrails)])


async def bound(checkpoint: Checkpoint, text: Text) -> int:
    """The first place of the text from which a finding may still come.

    Raises:
        GuardrailUnavailable: a guardrail could not say.
    """
    guardrails = [each for each in checkpoint.guardrails if each.reach]
    places = [await _pending(checkpoint, each, text) for each in guardrails]
    return min(places, default=len(text.original))


async def _pending(checkpoint: Checkpoint, guardrail: Guardrail, text: Text) -> int:
    size = len(text.original)
    farthest = step_back(text.original, size, guardrail.reach - 1)

    async def told() -> int:
        return guardrail.pending(text) if guardrail.pending else farthest

    try:
        place = await attempt(told(), checkpoint.deadline_s)
    except Failed as failed:
        raise checkpoint.failed(guardrail, failed.error) from None
    return min(max(place, farthest), size)


class Waits:
    """Measures for the receipt what the gate adds: the most characters that waited at once, the
    longest that one waited, and the time in checks.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._came: deque[tuple[int, float]] = deque()  # (characters up to here, when they came)
        self._taken = self._gone = 0
        self._checked = 0.0
        self._began = time.time()

    def come(self, count: int) -> None:
        """So many characters have come."""
        self._taken += count
        self._came.append((self._taken, time.monotonic()))

    def leave(self, count: int) -> None:
        """So many of those that waited longest leave, or are dropped."""
        self._gone += count
        ledger, now = self._ledger, time.monotonic()
        if count and self._came:
            ledger.held_ms = max(ledger.held_ms, (now - self._came[0][1]) * 1000)
        while self._came and self._came[0][0] <= self._gone:
            self._came.popleft()

    def wait(self) -> None:
        """The others go on waiting."""
        self._ledger.held_chars = max(self._ledger.held_chars, self._taken - self._gone)

    @contextmanager
    def checking(self) -> Iterator[None]:
        """Times a check."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self._checked += time.perf_counter() - began
            self._ledger.stages["guard_out"] = (self._began, self._checked * 1000)
