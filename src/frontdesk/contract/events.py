"""What a turn tells the outside while it runs: one typed value, the same for HTTP, Slack, the
terminal and the console.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias

from frontdesk.contract.approvals import Pause
from frontdesk.contract.turns import GuardrailNote, TurnResult


@dataclass(frozen=True, slots=True)
class TurnCreated:
    """The turn has begun."""

    kind: ClassVar[str] = "turn.created"
    turn_id: str
    session_id: str


@dataclass(frozen=True, slots=True)
class TurnQueued:
    """The turn waits behind others of its session; `position` counts from 1."""

    kind: ClassVar[str] = "turn.queued"
    turn_id: str
    session_id: str
    position: int


@dataclass(frozen=True, slots=True)
class AgentChanged:
    """Another agent answers from here on."""

    kind: ClassVar[str] = "agent.changed"
    turn_id: str
    agent: str


@dataclass(frozen=True, slots=True)
class TurnProgress:
    """A `step` of several parts, such as `condense` of a long message, has `done` of `total`."""

    kind: ClassVar[str] = "turn.progress"
    turn_id: str
    step: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class TextDelta:
    """A piece of the answer, checked; `message` counts the output messages of the turn from 0."""

    kind: ClassVar[str] = "text.delta"
    turn_id: str
    text: str
    message: int


@dataclass(frozen=True, slots=True)
class ToolCalled:
    """A tool was called."""

    kind: ClassVar[str] = "tool.called"
    turn_id: str
    name: str
    call_id: str


@dataclass(frozen=True, slots=True)
class ToolFinished:
    """A tool came back after `ms` milliseconds; `ok` is false when it failed."""

    kind: ClassVar[str] = "tool.finished"
    turn_id: str
    name: str
    call_id: str
    ok: bool
    ms: float


@dataclass(frozen=True, slots=True)
class GuardrailTriggered:
    """A guardrail redacted or stopped something."""

    kind: ClassVar[str] = "guardrail.triggered"
    turn_id: str
    guardrail: GuardrailNote


@dataclass(frozen=True, slots=True)
class TurnRestarted:
    """The turn goes on in another process: text of the messages from number `message` on, as far as
    it was told before this event, is void and comes again.
    """

    kind: ClassVar[str] = "turn.restarted"
    turn_id: str
    message: int


@dataclass(frozen=True, slots=True)
class RoundEnded:
    """A round of a run has ended, which goes on: between the crew and the desk, never told."""

    kind: ClassVar[str] = "round.ended"
    turn_id: str
    pause: Pause


@dataclass(frozen=True, slots=True)
class TurnWaiting:
    """The turn waits for a person's decision."""

    kind: ClassVar[str] = "turn.waiting"
    turn_id: str
    required_actions: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class TurnEnded:
    """The last event of every turn: the answer object. Its name follows the status of the turn."""

    turn_id: str
    result: TurnResult

    @property
    def kind(self) -> str:
        """`turn.completed`, `turn.blocked`, `turn.failed` or `turn.cancelled`."""
        return f"turn.{self.result.status}"


Event: TypeAlias = (
    TurnCreated
    | TurnQueued
    | TurnProgress
    | AgentChanged
    | TextDelta
    | ToolCalled
    | ToolFinished
    | GuardrailTriggered
    | TurnWaiting
    | TurnRestarted
    | TurnEnded
)

Happening: TypeAlias = Event | RoundEnded
"""What a run tells the desk."""
