"""Every error that a person can meet: its code, its HTTP status and what to do about it.

FrontdeskError
├── SettingsError            a setting is missing or wrong; the process does not start
├── PluginError              a plugin could not be loaded
├── InvalidRequest           422 invalid_request
├── Unauthorized             401 unauthorized
├── Forbidden                403 forbidden
├── NotFound                 404 not_found
├── SessionBusy              409 session_busy
├── ApprovalDecided          409 approval_decided
├── ApprovalExpired          410 approval_expired
├── ToolGone                 410 tool_gone
├── PayloadTooLarge          413 payload_too_large
├── RateLimited              429 rate_limited
├── BudgetExhausted          429 budget_exhausted
├── QueueFull                429 queue_full
├── GuardrailUnavailable     503 guardrail_unavailable
├── StoreUnavailable         503 store_unavailable
├── StoreUnreadable          503 store_unreadable
├── IssuerUnavailable        503 issuer_unavailable
├── Overloaded               503 overloaded
├── Draining                 503 draining
├── UpstreamFailed           502 upstream_failed
│   ├── ContextOverflow      502 context_overflow
│   ├── UpstreamMalformed    502 upstream_malformed
│   ├── UpstreamRateLimited  503 upstream_rate_limited
│   └── UpstreamTimeout      504 upstream_timeout
├── TurnLimit                500 turn_limit
├── Interrupted              500 interrupted
├── BrokenRecord             500 broken_record
└── Fenced                   500 interrupted (another process took the turn over)
"""

import traceback
from dataclasses import dataclass
from pathlib import PurePath
from typing import ClassVar


class FrontdeskError(Exception):
    """The root: `detail` says what is wrong and what to do, in words for a person."""

    code: ClassVar[str] = "internal"
    status: ClassVar[int] = 500
    title: ClassVar[str] = "Internal error"

    def __init__(
        self, detail: str, *, retry_after_s: int | None = None, turn_id: str | None = None
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.retry_after_s = retry_after_s
        self.turn_id = turn_id


class SettingsError(FrontdeskError):
    """A setting is missing or wrong."""

    title = "Wrong settings"


class PluginError(FrontdeskError):
    """A plugin could not be found, loaded or combined with the others."""

    title = "Plugin error"


class InvalidRequest(FrontdeskError):
    """The request does not have the shape that the API asks for."""

    code, status, title = "invalid_request", 422, "Invalid request"


class Unauthorized(FrontdeskError):
    """The credential is missing, unknown, revoked or expired."""

    code, status, title = "unauthorized", 401, "Unauthorized"


class Forbidden(FrontdeskError):
    """The credential does not carry the scope, or the request comes from a foreign origin."""

    code, status, title = "forbidden", 403, "Forbidden"


class NotFound(FrontdeskError):
    """There is no such thing for this caller, whether it is missing or somebody else's."""

    code, status, title = "not_found", 404, "Not found"


class SessionBusy(FrontdeskError):
    """Another turn of this session is running; `turn_id` names it."""

    code, status, title = "session_busy", 409, "Session busy"


class ApprovalDecided(FrontdeskError):
    """Somebody has approved or rejected this already, or the turn has ended."""

    code, status, title = "approval_decided", 409, "Already decided"


class ApprovalExpired(FrontdeskError):
    """Nobody decided in time."""

    code, status, title = "approval_expired", 410, "Approval expired"


class ToolGone(FrontdeskError):
    """What a person was asked to approve is not installed any more."""

    code, status, title = "tool_gone", 410, "Tool gone"


class PayloadTooLarge(FrontdeskError):
    """The body is larger than the server takes."""

    code, status, title = "payload_too_large", 413, "Payload too large"


class RateLimited(FrontdeskError):
    """The caller asks too often."""

    code, status, title = "rate_limited", 429, "Rate limited"


class BudgetExhausted(FrontdeskError):
    """The budget of the user, the tenant or the deployment is spent."""

    code, status, title = "budget_exhausted", 429, "Budget exhausted"


class QueueFull(FrontdeskError):
    """Too many messages already wait in this session."""

    code, status, title = "queue_full", 429, "Queue full"


class GuardrailUnavailable(FrontdeskError):
    """A guardrail failed, so nothing may pass."""

    code, status, title = "guardrail_unavailable", 503, "Guardrail unavailable"


class StoreUnavailable(FrontdeskError):
    """Redis does not answer or refuses to write."""

    code, status, title = "store_unavailable", 503, "Store unavailable"


class StoreUnreadable(FrontdeskError):
    """What Redis holds is sealed with a key that this deployment does not have; it stays there."""

    code, status, title = "store_unreadable", 503, "Store unreadable"


class IssuerUnavailable(FrontdeskError):
    """The issuer of users' tokens does not answer, and a token's key is not known without it."""

    code, status, title = "issuer_unavailable", 503, "Issuer unavailable"


class Overloaded(FrontdeskError):
    """The process has as much to do as it takes; another one may have room."""

    code, status, title = "overloaded", 503, "Overloaded"


class Draining(FrontdeskError):
    """The process is shutting down and takes no new turns."""

    code, status, title = "draining", 503, "Draining"


class UpstreamFailed(FrontdeskError):
    """The model's server answered with an error or not at all."""

    code, status, title = "upstream_failed", 502, "Model failed"


class ContextOverflow(UpstreamFailed):
    """The model's context is too small for the conversation, also after it was cut."""

    code, status, title = "context_overflow", 502, "Conversation too long for the model"


class UpstreamMalformed(UpstreamFailed):
    """The model's server answered something that is not its protocol."""

    code, status, title = "upstream_malformed", 502, "Model answered malformed data"


class UpstreamRateLimited(UpstreamFailed):
    """The model's server limits our rate."""

    code, status, title = "upstream_rate_limited", 503, "Model rate limited"


class UpstreamTimeout(UpstreamFailed):
    """The model's server did not answer in time."""

    code, status, title = "upstream_timeout", 504, "Model timed out"


class TurnLimit(FrontdeskError):
    """The agents used all model calls that one turn may make without coming to an answer."""

    code, status, title = "turn_limit", 500, "Turn limit reached"


class Interrupted(FrontdeskError):
    """The process that ran the turn stopped before the answer was complete."""

    code, status, title = "interrupted", 500, "Interrupted"


class Fenced(FrontdeskError):
    """Another process has taken this turn over; what this one does no longer counts."""

    code, status, title = "interrupted", 500, "Interrupted"


class BrokenRecord(FrontdeskError):
    """What Redis holds cannot be read; it is set aside, under its key and `:broken`."""

    code, status, title = "broken_record", 500, "Broken record"


@dataclass(frozen=True, slots=True)
class Problem:
    """An error as data (RFC 9457): what a failed turn carries and what HTTP answers."""

    type: str
    title: str
    status: int
    detail: str
    code: str


def problem(error: FrontdeskError) -> Problem:
    """The error as RFC 9457 data; `type` points into the documentation of the codes."""
    return Problem(
        f"urn:frontdesk:error:{error.code}", error.title, error.status, error.detail, error.code
    )


def place(error: BaseException) -> str:
    """Where an error was raised, as `file:line`. For logs: its words may quote the user."""
    (frame,) = traceback.extract_tb(error.__traceback__, limit=-1) or [None]
    return f"{PurePath(frame.filename).name}:{frame.lineno}" if frame else "unknown"
