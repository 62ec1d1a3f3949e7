"""The shapes of answers, as the OpenAPI document tells them; made from what the desk speaks."""

from collections.abc import Mapping
from typing import Any, NotRequired, get_args, get_type_hints

from typing_extensions import TypedDict

from frontdesk.contract.errors import Problem
from frontdesk.contract.events import Event, TurnEnded
from frontdesk.contract.facts import Fact
from frontdesk.contract.feedback import Score
from frontdesk.contract.turns import SessionInfo, TurnRecord, TurnResult
from frontdesk.contract.usage import Used
from frontdesk.server.answers import ANSWER_FIELDS, RECORD_FIELDS
from frontdesk.server.problems import ProblemObject
from frontdesk.server.schemas import Events
from frontdesk.sessions.usage import Group
from frontdesk.tools.catalogue import AgentCard, ToolCard
from frontdesk.tracing.trace import Trace


class Action(TypedDict):
    """A call that waits for a person; its arguments are redacted."""

    approval_id: str
    tool: str
    arguments: Mapping[str, Any]
    agent: str
    expires_at: str


def _object(name: str, meaning: str, fields: Mapping[str, Any]) -> Any:
    make: Any = TypedDict  # by a call: its fields are those of a dataclass
    made = make(name, dict(fields))
    made.__doc__ = meaning
    return made


_RESULT, _RECORD = get_type_hints(TurnResult), get_type_hints(TurnRecord)
_USED = get_type_hints(Used)
Answer: Any = _object(
    "Answer",
    "What a turn came to; `error` is there when it failed.",
    {name: _RESULT[name] for name in ANSWER_FIELDS}
    | {"required_actions": list[Action], "error": NotRequired[Problem]},
)
TurnLine: Any = _object(
    "TurnLine",
    "A turn of a session as a person saw it.",
    {"turn_id": str} | {name: _RECORD[name] for name in RECORD_FIELDS},
)


class BrokenOff(TypedDict):
    """The last event of a stream that could not go on; the turn itself may."""

    turn_id: str
    status: str
    error: ProblemObject


EVENTS = Events(
    "TurnEvent",
    {
        **{kind.kind: kind for kind in get_args(Event) if kind is not TurnEnded},
        **dict.fromkeys(("turn.completed", "turn.blocked", "turn.cancelled"), Answer),
        "turn.failed": Answer | BrokenOff,
    },
)


class SessionPage(TypedDict):
    """Sessions, the last used first."""

    sessions: list[SessionInfo]
    has_more: bool


class TurnPage(TypedDict):
    """Turns of a session, oldest first."""

    turns: list[TurnLine]
    has_more: bool


class WaitingTurns(TypedDict):
    """Turns that wait for a person, what expires first before the rest."""

    turns: list[Answer]


class GivenFeedback(TypedDict):
    """What the user thought of a turn, as it is kept."""

    turn_id: str
    score: Score
    comment: str
    at: str


class Span(TypedDict):
    """One step: it began `start_ms` after the turn and took `ms`."""

    id: str
    parent: str | None
    kind: str
    name: str
    start_ms: float
    ms: float
    data: Mapping[str, Any]
    error: str | None


_TRACE = get_type_hints(Trace)
ShownTrace: Any = _object(
    "Trace",
    "What one turn did, without anything that was said. `cut`: there were more spans.",
    _TRACE | {"started": str, "spans": list[Span]},
)


class FactList(TypedDict):
    """What the caller asked to remember, oldest first."""

    facts: list[Fact]


class ForgottenSession(TypedDict):
    """The session that is gone."""

    session_id: str
    deleted: bool


class ForgottenFact(TypedDict):
    """The fact that is gone."""

    id: str
    deleted: bool


UsageLine: Any = _object("UsageLine", "What one group has used.", {"name": str} | _USED)
UserUsage: Any = _object(
    "UserUsage", "What one user of the tenant has used.", {"user": str} | _USED
)
UsageReport: Any = _object(
    "UsageReport",
    "What was used from one day to another, both included (UTC). `users`, the dearest first, are "
    "those of the tenant, for the scope `admin`.",
    {
        "from": str,
        "to": str,
        "group_by": Group,
        "total": Used,
        "groups": list[UsageLine],
        "users": NotRequired[list[UserUsage]],
        "has_more": NotRequired[bool],
    },
)


class ToolList(TypedDict):
    """What is installed, and the caller may have used."""

    tools: list[ToolCard]


class AgentList(TypedDict):
    """Who answers, triage first."""

    agents: list[AgentCard]


class Alive(TypedDict):
    """The process answers."""

    status: str


class Ready(TypedDict):
    """The process can serve; so many checks of guardrails have failed in it."""

    status: str
    guardrail_failures: int
