"""The guardrails that frontdesk brings itself, as the policy asks for them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from frontdesk.contract.guardrails import Finding, Guardrail, Policy, Stage, Text
from frontdesk.guardrails import abuse, encoded, injection, pending, personal, secrets
from frontdesk.guardrails.blocklist import blocklist
from frontdesk.guardrails.detector import EVERYWHERE, Find, detector
from frontdesk.guardrails.links import links
from frontdesk.guardrails.normal import Normal

Read = Callable[[str], Iterator[tuple[str, int, int]]]
"""Reads what is encoded in a text, and where it stands."""
INWARD: frozenset[Stage] = frozenset({"input", "tool"})


@dataclass(frozen=True, slots=True)
class Family:
    """Detectors that share their work: what they find, and where that can matter. The rest is as in
    `Guardrail`.
    """

    name: str
    find: Find
    categories: str
    reach: int
    pending: Callable[[Text], int] | None = None
    clearance: int = 0
    stages: frozenset[Stage] = EVERYWHERE

    def guardrails(self, policy: Policy) -> Iterator[Guardrail]:
        """It as a guardrail at the stages at which the policy does not allow all that it finds."""
        stages = frozenset(
            stage
            for stage in self.stages
            if any(policy.action(stage, each) != "allow" for each in self.categories.split())
        )
        if stages:
            yield detector(
                self.name,
                self.find,
                reach=self.reach,
                stages=stages,
                pending=self.pending,
                clearance=self.clearance,
            )


PERSONAL = Family(
    "personal",
    personal.find,
    "resident_number foreigner_number passport licence ssn card phone email account iban address "
    "birth_date ip business_number",
    personal.REACH,
    pending.values,
    pending.HALVES,
)
SECRETS = Family(
    "secrets",
    secrets.find,
    "secret password one_time_code seed_phrase secret_request",
    secrets.REACH,
    pending.values,
    pending.HALVES,
)
ABUSE = Family("abuse", abuse.find, "profanity threat", abuse.REACH, pending.words)
# Only what comes in can be an attack on the agents.
INJECTION = Family("injection", injection.find_by_rule, "injection", 400, stages=INWARD)
# Its classifier judges whole texts, and single ones: several innocent messages together score high.
SCORE = Family(
    "injection_score",
    injection.find_by_score,
    "injection injection_suspected",
    0,
    stages=INWARD,
)
FAMILIES = (PERSONAL, SECRETS, ABUSE, INJECTION, SCORE)


def builtin_guardrails(policy: Policy) -> tuple[Guardrail, ...]:
    """What checks beside the guardrails of plugins; the limits on length belong to `Guards`. A
    family that the policy allows everywhere does not run.
    """
    words = (blocklist(policy.blocked_words),) if policy.blocked_words else ()
    families = (*FAMILIES[:-1], replace(SCORE, find=_scored(policy)))
    own = [(family.find, each) for family in families for each in family.guardrails(policy)]
    inside = _encoded(own) if own else ()
    return (*words, *(each for _, each in own), *inside, links(policy.allowed_hosts))


def _encoded(own: Sequence[tuple[Find, Guardrail]]) -> tuple[Guardrail, ...]:
    """What looks for all that into what is encoded."""
    inward = [find for find, each in own if each.stages & INWARD]
    outward = [find for find, each in own if "output" in each.stages]
    return (
        detector("encoded", _hidden(inward, encoded.decoded), stages=INWARD),
        detector(
            "encoded",
            _hidden(outward, encoded.written_out),
            reach=encoded.REACH,
            stages=frozenset({"output"}),
            pending=encoded.begun,
        ),
    )


def _scored(policy: Policy) -> Find:
    """The classifier with the policy's thresholds, where it has any."""

    def limits(usual: injection.Limits) -> injection.Limits:
        high = policy.thresholds.get("injection_suspected", usual.high)
        return injection.Limits(high, policy.thresholds.get("injection", usual.very_high))

    korean, others = limits(injection.KOREAN), limits(injection.OTHERS)
    return partial(injection.find_by_score, korean=korean, others=others)


def _hidden(finds: Sequence[Find], read: Read) -> Find:
    """Looks into what is encoded in a text; a finding there covers all of the encoded stretch."""

    def find(text: Text) -> Iterator[Finding]:
        for inside, start, end in read(text.original):
            normal = Normal(inside)
            for category in {found.category for each in finds for found in each(normal)}:
                yield Finding(category, start, end)

    return find
