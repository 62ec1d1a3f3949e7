"""Guardrails: what finds something in a text, and the policy that says what is done about it."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, Protocol

from frontdesk.contract.text import Language
from frontdesk.contract.turns import GuardrailNote

Stage = Literal["input", "tool", "output"]
Action = Literal["allow", "flag", "redact", "block"]
OutputMode = Literal["window", "buffer", "raw"]
"""How streamed text leaves: held back as far as a finding could reach, until a message is complete,
or at once, so that a finding can only end the turn.
"""

SORRY: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "default": "Sorry, I can't help with that.",
        "length": "That is too long for me. Please shorten it and send it again.",
    },
    "ko": {
        "default": "죄송하지만 도와드릴 수 없는 내용입니다.",
        "length": "너무 깁니다. 줄여서 다시 보내 주세요.",
    },
}
"""What users are told where a policy has no words of its own."""

_TOGETHER: Mapping[str, str] = {
    "pii": "resident_number foreigner_number passport licence ssn card phone email account iban "
    "address birth_date ip business_number",
    "secret": "secret password one_time_code seed_phrase secret_request",
    "injection": "injection injection_suspected",
}
_FAMILIES = {each: name for name, held in _TOGETHER.items() for each in held.split()}


def family(category: str) -> str:
    """What clients are told a finding of this category belongs to; a category of a plugin's stands
    for itself.
    """
    return _FAMILIES.get(category, category)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found: its category and where it stands in the text that was checked
    (`text[start:end]`).
    """

    category: str
    start: int
    end: int


class View(Protocol):
    """A text in the spelling in which it is compared."""

    @property
    def text(self) -> str:
        """The characters to search in."""

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where `text[start:end]` stands in the original."""


class Text(Protocol):
    """A text to check, normalised once for all checks."""

    @property
    def original(self) -> str:
        """As it was written."""

    @property
    def folded(self) -> View:
        """In NFKC and one case, without invisible characters, jamo joined to syllables, every digit
        ASCII, look-alikes of Latin letters Latin.
        """

    @property
    def joined(self) -> View:
        """The folded view with letters and digits that stand apart ("s p a c e d", "d.o.t") put
        together.
        """


Check = Callable[[Text], Awaitable[Sequence[Finding]]]
"""Looks for one kind of thing in a text; places are those of `text.original`. On a stream it
is called with the end of the text so far: what was not shown yet, and before that at least
`Guardrail.reach` characters where there are so many.
"""


@dataclass(frozen=True, slots=True)
class Guardrail:
    """A named check and the stages it runs at.

    `reach` is the longest stretch that one finding can cover together with the words around it that
    it depends on, counted in characters without the invisible ones (Unicode category Cf). A stream
    holds back that much, less one, until more text shows whether a finding is coming; a longer
    finding cannot be found there. 0 means that only a complete message can be judged.

    `pending` lets a stream go on sooner: it is told the end of the text so far, and answers the
    first place in `text.original` from which a finding may still come or change when more text
    follows; whatever begins before it must be found by now. What is found counts when `clearance`
    more characters are there: so far after it may stand words that take it back.
    """

    name: str
    check: Check
    stages: frozenset[Stage] = frozenset({"input", "tool", "output"})
    reach: int = 0
    pending: Callable[[Text], int] | None = None
    clearance: int = 0


@dataclass(frozen=True, slots=True)
class Policy:
    """What is done about what is found, as data; `docs/guardrails.md` shows it as a file.

    `actions` maps `stage.category` or `category` to an action; what is not listed has `default`.
    `messages` maps a language and a category to the polite text for the user; the category
    `default` is for all others. `thresholds` maps a category to the score (0 to 1) from which it
    counts as found. A finding that is one of `allowed_values` passes; links may lead to
    `allowed_hosts` and hosts below them. `output` says how streamed text leaves. `tenants` and
    `agents` hold whole policies by name, for those that have one of their own.
    """

    blocked_words: tuple[str, ...] = ()
    max_input_chars: int = 16_000
    max_output_chars: int = 32_000
    actions: Mapping[str, Action] = field(default_factory=dict)
    default: Action = "block"
    messages: Mapping[Language, Mapping[str, str]] = field(default_factory=lambda: SORRY)
    thresholds: Mapping[str, float] = field(default_factory=dict)
    allowed_values: tuple[str, ...] = ()
    allowed_hosts: tuple[str, ...] = ()
    output: OutputMode = "window"
    tenants: "Mapping[str, Policy]" = field(default_factory=dict)
    agents: "Mapping[str, Policy]" = field(default_factory=dict)

    def of(self, tenant: str = "", agent: str | None = None) -> "Policy":
        """The policy that holds for this tenant's turns while this agent speaks."""
        its = self.tenants.get(tenant, self)
        return its.agents.get(agent or "", its)

    def buffering(self, agents: Collection[str]) -> "Policy":
        """The policy with answers of these agents kept until they are complete."""
        own = {name: replace(self.of(agent=name), output="buffer") for name in agents}
        tenants = {name: each.buffering(agents) for name, each in self.tenants.items()}
        return replace(self, agents={**self.agents, **own}, tenants=tenants)

    def output_mode(self, agent: str | None) -> OutputMode:
        """How text of this agent leaves while it streams."""
        return self.of(agent=agent).output

    def action(self, stage: Stage, category: str) -> Action:
        """What to do about a finding of this category at this stage."""
        return self.actions.get(f"{stage}.{category}", self.actions.get(category, self.default))

    def message(self, category: str, language: Language = "en") -> str:
        """What the user is told when a finding of this category stops the turn."""
        for told in (self.messages.get(language, {}), SORRY[language]):
            for key in (category, "default"):
                if key in told:
                    return told[key]
        raise AssertionError("SORRY has a default in every language")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a stage decided about a text: the text that may go on, and the gravest thing done to it.

    `text` is the redacted text, or the polite one for the user when `action` is block.
    """

    action: Action
    text: str
    note: GuardrailNote | None = None


class Blocked(Exception):
    """A guardrail stopped the turn; `verdict.text` is for the user."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict.note.found if verdict.note else "blocked")
        self.verdict = verdict
