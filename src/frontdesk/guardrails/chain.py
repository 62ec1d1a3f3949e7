"""The guardrails of a desk: one call for each place where text is checked."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence

from frontdesk.contract.context import Ledger
from frontdesk.contract.events import Event
from frontdesk.contract.guardrails import Blocked, Guardrail, Policy, Stage, Verdict
from frontdesk.guardrails.checkpoint import Checkpoint, Ruling, gravest
from frontdesk.guardrails.gate import gate
from frontdesk.guardrails.length import CUT, MARK, length
from frontdesk.guardrails.redaction import redact, spans

DEADLINE_S = 2.0
WITHHELD = "[The result was withheld: it holds what may not be passed on.]"


class Guards:
    """Checks text at the stages input, tool and output under one policy, and fails closed: every
    method raises `GuardrailUnavailable` when a check raises or takes longer than `deadline_s`.

    What is flagged, redacted or blocked is noted in the turn's ledger, never with the text. The
    deadline cannot interrupt a check that computes without awaiting: long work belongs in a thread.
    """

    def __init__(
        self, guardrails: Sequence[Guardrail], policy: Policy, deadline_s: float = DEADLINE_S
    ) -> None:
        def at(stage: Stage) -> Checkpoint:
            there = tuple(guardrail for guardrail in guardrails if stage in guardrail.stages)
            return Checkpoint(stage, there, policy, deadline_s)

        self._size = Checkpoint("input", (length(policy.max_input_chars),), policy, deadline_s)
        self._input, self._tool, self._output = at("input"), at("tool"), at("output")
        self._max_output_chars = policy.max_output_chars

    async def input(self, text: str, ledger: Ledger) -> Verdict:
        """What a user wrote: allowed, flagged, redacted, or blocked with the words for the user.

        The length is checked first; a text that is blocked for it is not checked further.
        """
        rulings = await self._size.rulings(text)
        if not any(ruling.action == "block" for ruling in rulings):
            rulings += await self._input.rulings(text)
        return _verdict(self._input, text, rulings, ledger)

    async def tool_result(self, text: str, ledger: Ledger) -> str:
        """What a tool returned, redacted, or a sentence in its place: the turn goes on."""
        verdict = _verdict(self._tool, text, await self._tool.rulings(text), ledger)
        return WITHHELD if verdict.action == "block" else verdict.text

    async def answer(self, text: str, ledger: Ledger) -> str:
        """A complete answer, from a handler or the cache: redacted, and cut where it is too long.

        Raises:
            Blocked: it may not be shown.
        """
        verdict = _verdict(self._output, text, await self._output.rulings(text), ledger)
        if verdict.action == "block":
            raise Blocked(verdict)
        if len(verdict.text) <= self._max_output_chars:
            return verdict.text
        ledger.notes.append(CUT)
        return verdict.text[: self._max_output_chars] + MARK

    def output(self, events: AsyncIterator[Event], ledger: Ledger) -> AsyncGenerator[Event, None]:
        """The events of a running turn, their text held back until it is checked; see `gate`."""
        return gate(events, self._output, ledger)


def _verdict(
    checkpoint: Checkpoint, text: str, rulings: Sequence[Ruling], ledger: Ledger
) -> Verdict:
    ledger.notes += checkpoint.notes(rulings)
    worst = gravest(rulings)
    if worst is None:
        return Verdict("allow", text)
    if worst.action == "block":
        return checkpoint.verdict(worst)
    shown = redact(text, spans(rulings), ledger.vault)
    return Verdict(worst.action, shown, checkpoint.note(worst))
