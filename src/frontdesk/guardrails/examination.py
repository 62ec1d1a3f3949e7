"""What the guardrails make of a text, for people: every finding, and what goes on in the end."""

from dataclasses import dataclass

from frontdesk.contract.context import Ledger
from frontdesk.contract.guardrails import Action, Stage
from frontdesk.guardrails.chain import Guards
from frontdesk.guardrails.checkpoint import Ruling, gravest
from frontdesk.guardrails.normal import Normal
from frontdesk.guardrails.redaction import redact, spans


@dataclass(frozen=True, slots=True)
class Examination:
    """The verdict on a text: the gravest action, what goes on (or what the user is told instead),
    the text as it is compared, and all findings by place.
    """

    action: Action
    text: str
    normalised: str
    rulings: tuple[Ruling, ...]


async def examine(guards: Guards, text: str, stage: Stage, ledger: Ledger) -> Examination:
    """Looks at a text as the stage does.

    Raises:
        GuardrailUnavailable: a check failed.
    """
    found, policy = list[Ruling](), guards.at(ledger).policy
    for checkpoint in guards.at(ledger).of(stage):
        found += await checkpoint.findings(text)
        if any(each.action == "block" for each in found):
            break
    worst = gravest(found)
    action = worst.action if worst else "allow"
    shown = redact(text, spans(found), {})
    if worst and worst.action == "block":
        shown = policy.message(worst.category, ledger.language)
    places = sorted(found, key=lambda each: (each.start, each.end))
    return Examination(action, shown, Normal(text).joined.text, tuple(places))
