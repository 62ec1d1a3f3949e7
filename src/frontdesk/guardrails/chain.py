"""The guardrails of a desk: one call for each place where text is checked."""

from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from dataclasses import dataclass

from frontdesk.contract.context import Ledger
from frontdesk.contract.events import Happening
from frontdesk.contract.guardrails import Blocked, Guardrail, Policy, Stage, Verdict
from frontdesk.guardrails.checkpoint import Checkpoint, Ruling, gravest
from frontdesk.guardrails.gate import gate
from frontdesk.guardrails.length import CUT, MARK, length
from frontdesk.guardrails.lookback import look_back
from frontdesk.guardrails.passed import Passed
from frontdesk.guardrails.provenance import Known
from frontdesk.guardrails.redaction import redact, spans

DEADLINE_S = 2.0
Compose = Callable[[Policy], Sequence[Guardrail]]
"""The guardrails that a policy asks for."""

INSTRUCTING = frozenset({"injection", "injection_suspected"})
WITHHELD = "[The result was withheld: it holds what may not be passed on.]"


@dataclass(frozen=True, slots=True)
class Checkpoints:
    """The checks of every stage under one policy; `size` is the first of what comes in."""

    policy: Policy
    size: Checkpoint
    input: Checkpoint
    tool: Checkpoint
    output: Checkpoint

    def of(self, stage: Stage) -> tuple[Checkpoint, ...]:
        """The checks that a text at this stage goes through."""
        one: dict[Stage, tuple[Checkpoint, ...]] = {
            "input": (self.size, self.input),
            "tool": (self.tool,),
            "output": (self.output,),
        }
        return one[stage]


class Guards:
    """Checks text at the stages input, tool and output, and fails closed: every method raises
    `GuardrailUnavailable` when a check raises or takes longer than `deadline_s`.

    The policy is that of the ledger's tenant and agent. What is flagged, redacted or blocked is
    noted in the ledger, never with the text. `failures` counts the failed checks by guardrail;
    `passed` remembers for `entry` what was found clean. The deadline cannot interrupt a check that
    computes without awaiting: see `detector`.
    """

    def __init__(
        self,
        guardrails: Sequence[Guardrail],
        policy: Policy | Callable[[], Policy],
        deadline_s: float = DEADLINE_S,
        compose: Compose = lambda _policy: (),
        own: Sequence[str] = (),
    ) -> None:
        """`policy` may be what tells the policy of the moment. What `compose` makes of a policy
        checks before the `guardrails`, which check under every policy. `own` are texts of the
        desk's own, whose addresses and links answers may name.
        """
        self._own = tuple(own)
        self._guardrails, self._compose = tuple(guardrails), compose
        self._source = policy if callable(policy) else lambda: policy
        self._deadline_s = deadline_s
        self.failures: Counter[str] = Counter()
        self.passed = Passed()
        self._whole: Policy | None = None
        self._made: dict[int, Checkpoints] = {}  # by the policy's id

    async def input(self, text: str, ledger: Ledger) -> Verdict:
        """What a user wrote: allowed, flagged, redacted, or blocked with the words for the user.

        The length is checked first; a text that is blocked for it is not checked further.
        """
        at = self.at(ledger)
        rulings = await at.size.rulings(text)
        if not any(ruling.action == "block" for ruling in rulings):
            rulings += await at.input.rulings(text)
        return _verdict(at.input, text, rulings, ledger)

    async def history(self, earlier: Sequence[str], text: str, ledger: Ledger) -> str:
        """What a user wrote, looked at with the user's last messages before it: redacted where it
        ends what they began.

        Raises:
            Blocked: it may not go on.
        """
        at = self.at(ledger).input
        verdict = _verdict(at, text, await look_back(at, earlier, text), ledger)
        if verdict.action == "block":
            raise Blocked(verdict)
        return verdict.text

    async def tool_result(self, text: str, ledger: Ledger) -> str:
        """What a tool returned, redacted, or a sentence in its place: the turn goes on, without
        tools that have side effects when the text tries to instruct the agents.
        """
        tool = self.at(ledger).tool
        rulings = await tool.rulings(text)
        if any(ruling.category in INSTRUCTING for ruling in rulings):
            ledger.tainted = True
        verdict = _verdict(tool, text, rulings, ledger)
        if verdict.action == "block":
            return WITHHELD
        ledger.given.append(text)
        return verdict.text

    async def tool_argument(self, text: str, ledger: Ledger) -> str:
        """What a model calls a tool with: as it is, or redacted where it is not this user's.

        Raises:
            Blocked: the tool may not be called with it.
        """
        tool = self.at(ledger).tool
        verdict = _verdict(
            tool, text, self._strange(text, await tool.rulings(text), ledger), ledger
        )
        if verdict.action == "block":
            raise Blocked(verdict)
        return verdict.text

    async def answer(self, text: str, ledger: Ledger) -> str:
        """A complete answer, from a handler or the cache: redacted, and cut where it is too long.

        Raises:
            Blocked: it may not be shown.
        """
        output = self.at(ledger).output
        rulings = self._strange(text, await output.rulings(text), ledger)
        verdict = _verdict(output, text, rulings, ledger)
        if verdict.action == "block":
            raise Blocked(verdict)
        most = output.policy.max_output_chars
        if len(verdict.text) <= most:
            return verdict.text
        ledger.notes.append(CUT)
        return verdict.text[:most] + MARK

    def output(
        self, events: AsyncIterator[Happening], ledger: Ledger, agent: str | None = None
    ) -> AsyncGenerator[Happening, None]:
        """The events of a running turn in which `agent` speaks first, their text held back until it
        is checked; see `gate`.
        """

        def of(speaker: str | None) -> Checkpoint:
            return self.at(ledger, speaker).output

        return gate(events, of, agent, Known(ledger, self._own), ledger)

    def _strange(self, text: str, rulings: list[Ruling], ledger: Ledger) -> list[Ruling]:
        """The rulings without those on what is the user's own."""
        known = Known(ledger, self._own)
        return [
            each for each in rulings if not known.covers(each.category, text[each.start : each.end])
        ]

    def said(self, verdict: Verdict, ledger: Ledger) -> str:
        """What the user is told: the verdict's words, or the policy's where it has none."""
        category = verdict.note.found if verdict.note else "default"
        return verdict.text or self.at(ledger).policy.message(category, ledger.language)

    def at(self, ledger: Ledger, agent: str | None = None) -> Checkpoints:
        """The checks that hold for the turn at this moment: for its tenant, and for this agent or
        the one that the ledger knows.
        """
        whole = self._source()
        if whole is not self._whole:
            self._whole = whole
            self._made.clear()
        policy = whole.of(ledger.tenant, agent or ledger.agent)
        if id(policy) not in self._made:
            self._made[id(policy)] = self._checkpoints(policy)
        return self._made[id(policy)]

    def _checkpoints(self, policy: Policy) -> Checkpoints:
        guardrails = (*self._compose(policy), *self._guardrails)

        def at(stage: Stage) -> Checkpoint:
            there = tuple(guardrail for guardrail in guardrails if stage in guardrail.stages)
            return Checkpoint(stage, there, policy, self._deadline_s, self.failures)

        limit = length(policy.max_input_chars)
        size = Checkpoint("input", (limit,), policy, self._deadline_s, self.failures)
        return Checkpoints(policy, size, at("input"), at("tool"), at("output"))


def _verdict(
    checkpoint: Checkpoint, text: str, rulings: Sequence[Ruling], ledger: Ledger
) -> Verdict:
    ledger.notes += checkpoint.notes(rulings)
    worst = gravest(rulings)
    if worst is None:
        return Verdict("allow", text)
    if worst.action == "block":
        return checkpoint.verdict(worst, ledger.language)
    shown = redact(text, spans(rulings), ledger.vault)
    return Verdict(worst.action, shown, checkpoint.note(worst))
