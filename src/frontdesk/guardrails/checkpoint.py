"""One stage's checks: what they find in a text, and what the policy says about each finding."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import structlog

from frontdesk.contract.attempts import Failed, attempt
from frontdesk.contract.errors import GuardrailUnavailable
from frontdesk.contract.guardrails import (
    Action,
    Finding,
    Guardrail,
    Policy,
    Stage,
    Text,
    Verdict,
)
from frontdesk.contract.text import Language
from frontdesk.contract.turns import GuardrailNote
from frontdesk.guardrails.normal import Normal

_GRAVITY: tuple[Action, ...] = ("allow", "flag", "redact", "block")


@dataclass(frozen=True, slots=True)
class Ruling:
    """What is done about one finding; `start` and `end` are its place in the text checked."""

    guardrail: str
    category: str
    action: Action
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The guardrails of one stage under the policy; each check has `deadline_s` seconds."""

    stage: Stage
    guardrails: tuple[Guardrail, ...]
    policy: Policy
    deadline_s: float

    async def rulings(self, text: str) -> list[Ruling]:
        """What is to be done about the text; findings that the policy allows are left out.

        Raises:
            GuardrailUnavailable: a check failed or took too long; the text may not pass.
        """
        normal = Normal(text)
        found = [ruling for each in self.guardrails for ruling in await self._judge(each, normal)]
        return [ruling for ruling in found if ruling.action != "allow"]

    def verdict(self, ruling: Ruling, language: Language) -> Verdict:
        """The verdict of a blocking ruling: what the user is told instead of the text."""
        return Verdict("block", self.policy.message(ruling.category, language), self.note(ruling))

    def note(self, ruling: Ruling) -> GuardrailNote:
        """What is written down about the ruling."""
        return GuardrailNote(self.stage, ruling.guardrail, ruling.category, ruling.action)

    def notes(self, rulings: Iterable[Ruling]) -> list[GuardrailNote]:
        """One note for all rulings that differ only in their place."""
        return list(dict.fromkeys(map(self.note, rulings)))

    async def _judge(self, guardrail: Guardrail, text: Text) -> list[Ruling]:
        async def judged() -> list[Ruling]:
            found = await guardrail.check(text)
            return [self._ruling(guardrail, finding, len(text.original)) for finding in found]

        try:
            return await attempt(judged(), self.deadline_s)
        except Failed as failed:
            # Only the error's type: its message, and so the chain to it, may quote the text.
            structlog.get_logger(__name__).error(
                "guardrail.failed", guardrail=guardrail.name, stage=self.stage, error=failed.error
            )
            raise GuardrailUnavailable(
                f"The guardrail {guardrail.name} failed, so nothing passes; try again later."
            ) from None

    def _ruling(self, guardrail: Guardrail, finding: Finding, length: int) -> Ruling:
        action = self.policy.action(self.stage, finding.category)
        start = min(max(0, finding.start), length)
        end = min(max(start, finding.end), length)
        return Ruling(guardrail.name, finding.category, action, start, end)


def gravest(rulings: Sequence[Ruling]) -> Ruling | None:
    """The ruling that decides: the first of those with the gravest action."""
    return max(rulings, key=lambda ruling: _GRAVITY.index(ruling.action), default=None)
