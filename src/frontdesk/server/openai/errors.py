"""Errors as OpenAI tells them: on every path under `/v1/` that is none of our own routes.

The texts and codes are OpenAI's, letter by letter where clients match them. The SDKs retry 408,
409, 429 and 5xx by themselves unless `x-should-retry` says no.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from frontdesk.contract.errors import FrontdeskError, InvalidRequest, Problem, problem
from frontdesk.contract.turns import TurnResult
from frontdesk.sessions.codec import dump

OWN = frozenset(
    {"agents", "approvals", "audit", "feedback", "keys", "sessions", "tools", "turns", "usage"}
    | {"users", "webhooks"}
)
"""What follows `/v1/` in our own routes; `/v1/chat` is ours too, but nothing below it."""
INVALID = "invalid_request_error"
LOCKED = (
    "Another process is currently operating on this conversation. Please retry in a few seconds."
)
TOO_LONG = (
    "This model's maximum context length is smaller than your messages. Please reduce the length of"
    " the messages."
)
RETRY_AFTER_S = 5
MOST_OF_A_PATH = 200


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error in OpenAI's form; `retries` is what `x-should-retry` says, if anything."""

    status: int
    message: str
    type: str = INVALID
    param: str | None = None
    code: str | None = None
    retries: bool | None = None
    retry_after_s: int | None = None

    @property
    def body(self) -> dict[str, Any]:
        """The JSON object; all four keys are always there."""
        names = ("message", "type", "param", "code")
        return {"error": {name: getattr(self, name) for name in names}}


class Refused(InvalidRequest):
    """A request was refused in OpenAI's own terms."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message, retry_after_s=refusal.retry_after_s)
        self.refusal = refusal


def refused(message: str, param: str | None = None, code: str | None = None) -> Refused:
    """A 400."""
    return Refused(Refusal(400, message, param=param, code=code))


def missing(param: str) -> Refused:
    """A required field is not there."""
    return refused(f"Missing required parameter: '{param}'.", param, "missing_required_parameter")


def gone(message: str) -> Refused:
    """A 404: there is no such thing for this caller."""
    return Refused(Refusal(404, message))


def unknown_model(name: str) -> Refused:
    """A 404: no agent and no alias has this name."""
    words = f"The model `{name}` does not exist or you do not have access to it."
    return Refused(Refusal(404, words, param="model", code="model_not_found"))


def under_way() -> Refused:
    """A 409: the same Idempotency-Key is being answered; a blind retry is right."""
    words = "A request with the same Idempotency-Key is still being answered."
    return Refused(Refusal(409, words, code="idempotency_in_progress", retries=True))


def nowhere(request: Request) -> Refused:
    """A 404: no route has this path."""
    return gone(f"Invalid URL ({request.method} {_path(request)})")


def speaks_openai(request: Request) -> bool:
    """Whether errors on this path are told as OpenAI tells them."""
    root, _, below = request.scope["path"].removeprefix("/").partition("/")
    return root == "v1" and below.rstrip("/") != "chat" and below.partition("/")[0] not in OWN


def refusal_of(error: FrontdeskError, request: Request) -> Refusal:
    """The error in OpenAI's form."""
    if isinstance(error, Refused):
        return error.refusal
    return translated(problem(error), request, error.retry_after_s)


def failed(result: TurnResult, request: Request) -> Refused:
    """Why a turn has no answer. One that called a tool is not to be repeated blindly."""
    assert result.error
    found = translated(result.error, request)
    acted = bool(result.receipt and result.receipt.tools)
    return Refused(_unrepeated(found) if acted else found)


def refusal_answer(found: Refusal) -> Response:
    """The refusal as an answer; 429 and 503 say after how many seconds to come back."""
    answer = Response(dump(found.body), found.status, media_type="application/json")
    if found.retries is not None:
        answer.headers["x-should-retry"] = str(found.retries).lower()
    busy = found.status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
    if busy and found.retries is not False:
        answer.headers["Retry-After"] = str(found.retry_after_s or RETRY_AFTER_S)
    if found.status == HTTPStatus.UNAUTHORIZED:
        answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


KNOWN: Mapping[str, Refusal] = {
    "invalid_request": Refusal(400, ""),
    "forbidden": Refusal(403, "", code="missing_scope"),
    "not_found": Refusal(404, ""),
    "session_busy": Refusal(400, LOCKED, param="conversation", code="conversation_locked"),
    "payload_too_large": Refusal(413, ""),
    "method_not_allowed": Refusal(405, "", code="method_not_supported"),
    "unsupported_media_type": Refusal(415, "", code="unsupported_content_type"),
    "rate_limited": Refusal(429, "", "requests", code="rate_limit_exceeded"),
    "queue_full": Refusal(429, "", "requests", code="rate_limit_exceeded"),
    "budget_exhausted": Refusal(
        429, "", "insufficient_quota", code="insufficient_quota", retries=False
    ),
    "context_overflow": Refusal(400, TOO_LONG, param="messages", code="context_length_exceeded"),
    "internal": Refusal(500, "", "server_error", retries=False),
}
"""Our codes in OpenAI's form; where the message is empty, ours is told."""


def translated(found: Problem, request: Request, retry_after_s: int | None = None) -> Refusal:
    """A problem of ours in OpenAI's form."""
    if found.code == "unauthorized":
        return _unauthorized(request)
    known = KNOWN.get(found.code) or by_status(found)
    message = known.message or found.detail
    if found.code == "method_not_allowed":
        message = f"Not allowed to {request.method} on {_path(request)}."
    retries = False if known.status == HTTPStatus.INTERNAL_SERVER_ERROR else known.retries
    return Refusal(
        known.status, message, known.type, known.param, known.code, retries, retry_after_s
    )


def by_status(found: Problem) -> Refusal:
    """A problem that OpenAI has no words of its own for; the message is still ours to tell."""
    kind = "server_error" if found.status >= HTTPStatus.INTERNAL_SERVER_ERROR else INVALID
    return Refusal(found.status, "", kind, code=found.code)


def _unrepeated(found: Refusal) -> Refusal:
    return Refusal(found.status, found.message, found.type, found.param, found.code, False)


def _unauthorized(request: Request) -> Refusal:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return Refusal(401, "Incorrect API key provided.", code="invalid_api_key")
    return Refusal(401, "You didn't provide an API key.")


def _path(request: Request) -> str:
    path: str = request.scope["path"]
    return path[:MOST_OF_A_PATH]
