"""One stage's checks: what they find in a text, and what the policy says about each finding."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

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
    family,
)
from frontdesk.contract.text import Language
from frontdesk.contract.turns import GuardrailNote
from frontdesk.guardrails.folding import fold
from frontdesk.guardrails.normal import Normal
from frontdesk.guardrails.windows import Window, windows

TIMED_CHARS = 16_000
_GRAVITY: tuple[Action, ...] = ("allow", "flag", "redact", "block")


@dataclass(frozen=True, slots=True)
class Ruling:
    """What is done about one finding; `start` and `end` are its place in the text checked."""

    guardrail: str
    category: str
    action: Action
    start: int
    end: int

    def moved(self, window: Window) -> "Ruling | None":
        """The ruling as one on the whole text, if it is this window's."""
        start = self.start + window.start
        if not window.start and start < window.end:
            return self
        if not window.begin <= start < window.end:
            return None
        return replace(self, start=start, end=self.end + window.start)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The guardrails of one stage under the policy. All of them together have `deadline_s` seconds
    for each `TIMED_CHARS` characters begun; `failures` counts by name those that failed.
    """

    stage: Stage
    guardrails: tuple[Guardrail, ...]
    policy: Policy
    deadline_s: float
    failures: Counter[str] = field(default_factory=Counter)

    async def rulings(self, text: str | Normal) -> list[Ruling]:
        """What is to be done about the text; findings that the policy allows are left out.

        Raises:
            GuardrailUnavailable: a check failed or took too long; the text may not pass.
        """
        return [ruling for ruling in await self.findings(text) if ruling.action != "allow"]

    async def findings(self, text: str | Normal) -> list[Ruling]:
        """All that is found, also what the policy allows by its category.

        Raises:
            GuardrailUnavailable: as above.
        """
        whole = Normal(text) if isinstance(text, str) else text
        text, started = whole.original, list[Guardrail]()
        try:
            deadline_s = self.deadline_s * (1 + len(text) // TIMED_CHARS)
            found = await attempt(self._judged(whole, started), deadline_s)
        except Failed as failed:
            # Only the error's type: its message, and so the chain to it, may quote the text.
            raise self.failed(started[-1], failed.error) from None
        return [each for each in found if not self._spared(each, text)]

    async def _judged(self, whole: Normal, started: list[Guardrail]) -> list[Ruling]:
        """What all guardrails find; each is noted before it begins."""
        far = [guardrail for guardrail in self.guardrails if not guardrail.reach]
        near = [guardrail for guardrail in self.guardrails if guardrail.reach]
        reach = max((guardrail.reach for guardrail in near), default=0)
        found = list[Ruling]()
        for guardrail in far:
            started.append(guardrail)
            found += await self._judge(guardrail, whole)
        for window in windows(whole.original, reach):
            piece = whole if window.text is whole.original else Normal(window.text)
            for guardrail in near:
                started.append(guardrail)
                judged = await self._judge(guardrail, piece)
                found += [moved for each in judged if (moved := each.moved(window))]
        return found

    def verdict(self, ruling: Ruling, language: Language) -> Verdict:
        """The verdict of a blocking ruling: what the user is told instead of the text. The words
        about a message do not fit an answer, which has `output.secret` and so on, or the default.
        """
        about = ruling.category if self.stage == "input" else f"{self.stage}.{ruling.category}"
        return Verdict("block", self.policy.message(about, language), self.note(ruling))

    def note(self, ruling: Ruling) -> GuardrailNote:
        """What is written down about the ruling."""
        category = family(ruling.category)
        kind = "" if category == ruling.category else ruling.category
        return GuardrailNote(self.stage, ruling.guardrail, category, ruling.action, kind)

    def notes(self, rulings: Iterable[Ruling]) -> list[GuardrailNote]:
        """One note for all rulings that differ only in their place."""
        alike = {(each.guardrail, each.category, each.action): each for each in rulings}
        return [self.note(each) for each in alike.values()]

    def _spared(self, ruling: Ruling, text: str) -> bool:
        values = self.policy.allowed_values
        return bool(values) and _bare(text[ruling.start : ruling.end]) in map(_bare, values)

    async def _judge(self, guardrail: Guardrail, text: Text) -> list[Ruling]:
        found = await guardrail.check(text)
        return [self._ruling(guardrail, finding, len(text.original)) for finding in found]

    def failed(self, guardrail: Guardrail, error: str) -> GuardrailUnavailable:
        """What to raise when a guardrail failed, which is counted and said in the log."""
        structlog.get_logger(__name__).error(
            "guardrail.failed", guardrail=guardrail.name, stage=self.stage, error=error
        )
        self.failures[guardrail.name] += 1
        return GuardrailUnavailable(
            f"The guardrail {guardrail.name} failed, so nothing passes; try again later."
        )

    def _ruling(self, guardrail: Guardrail, finding: Finding, length: int) -> Ruling:
        action = self.policy.action(self.stage, finding.category)
        start = min(max(0, finding.start), length)
        end = min(max(start, finding.end), length)
        return Ruling(guardrail.name, finding.category, action, start, end)


def _bare(text: str) -> str:
    """The text without what people put between its parts."""
    return "".join(char for char in fold(text).text if char not in " -.()")


def gravest(rulings: Sequence[Ruling]) -> Ruling | None:
    """The ruling that decides: the first of those with the gravest action."""
    return max(rulings, key=lambda ruling: _GRAVITY.index(ruling.action), default=None)
