"""Guardrails: what finds something in a text, and the policy that says what is done about it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from frontdesk.contract.turns import GuardrailNote

Stage = Literal["input", "tool", "output"]
Action = Literal["allow", "flag", "redact", "block"]


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
    """

    name: str
    check: Check
    stages: frozenset[Stage] = frozenset({"input", "tool", "output"})
    reach: int = 0


@dataclass(frozen=True, slots=True)
class Policy:
    """What is done about what is found, as data: from a file (`FRONTDESK_GUARD_POLICY`) or these
    defaults.

    `actions` maps `stage.category` or `category` to an action; what is not listed has `default`.
    `messages` maps a category to the polite text for the user, `""` being the one for all others.
    """

    blocked_words: tuple[str, ...] = ()
    max_input_chars: int = 16_000
    max_output_chars: int = 32_000
    actions: Mapping[str, Action] = field(default_factory=dict)
    default: Action = "block"
    messages: Mapping[str, str] = field(
        default_factory=lambda: {
            "": "Sorry, I can't help with that. / 죄송하지만 도와드릴 수 없는 내용입니다.",
            "length": "That is too long for me. / 너무 깁니다. 줄여서 보내 주세요.",
        }
    )

    def action(self, stage: Stage, category: str) -> Action:
        """What to do about a finding of this category at this stage."""
        return self.actions.get(f"{stage}.{category}", self.actions.get(category, self.default))

    def message(self, category: str) -> str:
        """What the user is told when a finding of this category stops the turn."""
        return self.messages.get(
            category, self.messages.get("", "Sorry, I can't help with that message.")
        )


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
        super().__init__(verdict.note.category if verdict.note else "blocked")
        self.verdict = verdict
