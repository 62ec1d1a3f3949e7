"""What a turn is afterwards: its status, its receipt, the record that the session keeps."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from frontdesk.contract.errors import Problem

Status = Literal["queued", "in_progress", "waiting", "completed", "failed", "cancelled", "blocked"]
Rung = Literal["handler", "cache", "triage", "specialist"]
Item = Mapping[str, Any]
"""One SDK input or output item in wire form."""


@dataclass(frozen=True, slots=True)
class GuardrailNote:
    """What a guardrail did, without the text: `stage` input, tool or output; `action` flag, redact
    or block. `kind` tells more where `category` holds several: `card`, `phone`, ... of `pii`.
    """

    stage: str
    name: str
    category: str
    action: str
    kind: str = ""

    @property
    def found(self) -> str:
        """The category of the finding, by which a policy decides."""
        return self.kind or self.category


@dataclass(frozen=True, slots=True)
class ModelUse:
    """What one agent used of one model in this turn; `cost_usd` is a decimal string, or None where
    the price is unknown. `estimated` says that a call was cut off, so that some is reckoned.
    """

    agent: str
    model: str
    calls: int
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    reasoning_tokens: int
    cost_usd: str | None
    estimated: bool = False


@dataclass(frozen=True, slots=True)
class ToolUse:
    """One call of a tool: how long it took in milliseconds and whether it worked; `unknown` says
    that it may have changed something in the world although it did not come back well.
    """

    name: str
    ms: float
    ok: bool
    unknown: bool = False


Effect = Literal["answer", "enrich", "route", "reject", "pass", "skipped", "failed"]


@dataclass(frozen=True, slots=True)
class HandlerUse:
    """What one handler did and in how many milliseconds. `why` says more of a pass (`ambiguous`),
    of one that was `skipped` because its time was up, and of one that `failed`.
    """

    name: str
    effect: Effect
    ms: float
    why: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a turn cost. Money is a decimal string in USD, None where a price is unknown; times are
    milliseconds. `handlers` stand in the order in which they were asked.

    `specialist_only_cost_usd` is an estimate: the price of this turn had the specialist done all of
    it. `held_chars` and `held_ms` say how many characters of the answer the guardrails held back at
    most, and for how long. `unchecked` are the kinds of parts of the message that no guardrail
    looked at: `image`.
    """

    model_calls: int
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    reasoning_tokens: int
    cost_usd: str | None
    specialist_only_cost_usd: str | None
    by_model: tuple[ModelUse, ...]
    tools: tuple[ToolUse, ...]
    guardrails: tuple[GuardrailNote, ...]
    stages_ms: Mapping[str, float]
    total_ms: float
    held_chars: int = 0
    held_ms: float = 0.0
    handlers: tuple[HandlerUse, ...] = ()
    unchecked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TurnResult:
    """The answer object: what a turn came to, in the shape that the API answers and the last event
    carries.

    `calls` are the calls of the client's own tools (`function_call` items, each with `call_id`,
    `name`, `arguments`) that the client is now to run. `incomplete` says why an answer was cut:
    `max_output_tokens` or `content_filter`.
    """

    turn_id: str
    session_id: str
    status: Status
    answer: str = ""
    agent: str | None = None
    rung: Rung | None = None
    guardrail: GuardrailNote | None = None
    required_actions: tuple[Mapping[str, Any], ...] = ()
    receipt: Receipt | None = None
    error: Problem | None = None
    calls: tuple[Item, ...] = ()
    incomplete: str = ""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a turn ended, or began to wait, before it is written down."""

    status: Status
    answer: str
    rung: Rung | None = None
    fresh: bool = False
    error: Problem | None = None


@dataclass(frozen=True, slots=True)
class TurnRecord:
    """One element of a session's history: a whole turn, so that a tool call is never parted from
    its result.

    `items` is what models are shown later (empty for a blocked turn); `user` and `answer` are what
    a person saw; `tokens` estimates the size of `items`; `at` is RFC 3339 UTC. `pinned` is
    known to the session, not to the stored record: such a turn stays in the window. `calls` are
    those of the client's tools that the turn ended with: the next one begins with them and their
    outputs, so that no history has a call without.
    """

    id: str
    status: Status
    at: str
    user: str
    answer: str
    items: tuple[Item, ...] = ()
    agent: str | None = None
    rung: Rung | None = None
    code: str | None = None
    tokens: int = 0
    pinned: bool = False
    calls: tuple[Item, ...] = ()


@dataclass(frozen=True, slots=True)
class SessionTotals:
    """What a session has used so far; `cost_usd` counts the turns whose price is known."""

    turns: int = 0
    model_calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: str = "0"


@dataclass(frozen=True, slots=True)
class SessionInfo:
    """One session as its owner sees it in a list; times are RFC 3339 UTC."""

    session_id: str
    agent: str
    created: str
    updated: str
    totals: SessionTotals
    title: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
