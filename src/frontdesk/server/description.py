"""What a route says of itself: its scopes, what it takes, what it answers, what can go wrong. The
OpenAPI document is made of it.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from http import HTTPStatus
from typing import Any, Literal

import orjson
from starlette.responses import Response
from typing_extensions import TypedDict

from frontdesk.contract import errors
from frontdesk.contract.errors import FrontdeskError, problem
from frontdesk.server.openai.errors import KNOWN, by_status
from frontdesk.server.problems import (
    MEDIA_TYPE,
    ProblemObject,
    UnsupportedMedia,
    internal_error,
)
from frontdesk.server.schemas import given, taken
from frontdesk.sessions.codec import dump

KEY = "described"
HEADERS = "#/components/headers/"
PARAMETERS = "#/components/parameters/"

Error = type[FrontdeskError]
Form = Literal["problem", "openai"]
ANYWHERE: tuple[Error, ...] = (FrontdeskError, errors.StoreUnavailable, errors.BrokenRecord)
ADMITTED: tuple[Error, ...] = (
    errors.Unauthorized,
    errors.Forbidden,
    errors.InvalidRequest,
    errors.RateLimited,
    errors.StoreUnreadable,
    errors.IssuerUnavailable,
)
BODIES: tuple[Error, ...] = (errors.PayloadTooLarge, UnsupportedMedia, errors.InvalidRequest)
TURNS: tuple[Error, ...] = (
    errors.NotFound,
    errors.SessionBusy,
    errors.BudgetExhausted,
    errors.QueueFull,
    errors.GuardrailUnavailable,
    errors.Overloaded,
    errors.Draining,
    errors.UpstreamFailed,
    errors.ContextOverflow,
    errors.UpstreamMalformed,
    errors.UpstreamRateLimited,
    errors.UpstreamTimeout,
    errors.TurnLimit,
    errors.Interrupted,
    errors.ApprovalExpired,
    errors.ToolGone,
)
"""What starting a turn, and waiting for it, can come to."""


@dataclass(frozen=True, slots=True)
class Content:
    """One form of a body or an answer: its type, an example, its media type. `kind` is a Python
    type, a JSON Schema, or of a stream `Events`.
    """

    kind: Any = str
    example: object = None
    media: str = "application/json"
    note: str = ""

    def schema(self, *, comes_in: bool = False) -> dict[str, Any]:
        """Its media type object (OpenAPI 3.1, 4.8.14)."""
        made = {"schema": taken(self.kind) if comes_in else given(self.kind)}
        if self.example is not None:
            made["example"] = orjson.loads(dump(self.example))
        return made


Answers = Content | Mapping[int, Content | Sequence[Content] | None]


class OpenAIError(TypedDict):
    """What is wrong, in the words of OpenAI's API."""

    message: str
    type: str
    param: str | None
    code: str | None


class OpenAIFailure(TypedDict):
    """The answer of a request that failed, in the form of OpenAI's API."""

    error: OpenAIError


FORMS: Mapping[Form, tuple[str, Any]] = {
    "problem": (MEDIA_TYPE, ProblemObject),
    "openai": ("application/json", OpenAIFailure),
}


@dataclass(frozen=True, slots=True)
class Description:
    """A route in the words of OpenAPI."""

    scopes: tuple[str, ...]
    answers: Mapping[int, Sequence[Content]]
    takes: Sequence[Content] = ()
    optional: bool = False
    raises: tuple[Error, ...] = ()
    headers: tuple[str, ...] = ()
    form: Form = "problem"
    links: tuple[str, ...] = ()

    def operation(self) -> dict[str, Any]:
        """What the route's own parameters do not say of its operation."""
        said: dict[str, Any] = {"parameters": [_ref(PARAMETERS, name) for name in self.headers]}
        said["security"] = [{"bearer": [scope]} for scope in self.scopes]
        if self.takes:
            content = {each.media: each.schema(comes_in=True) for each in self.takes}
            said["requestBody"] = {"required": not self.optional, "content": content}
        return said

    def responses(self) -> dict[int, dict[str, Any]]:
        """Every answer by its status: those that are meant, and the errors."""
        good = {status: _answer(status, content) for status, content in self.answers.items()}
        by_status: dict[int, dict[str, Error]] = defaultdict(dict)
        for error in self.raises:
            by_status[_status(error, self.form)][error.code] = error
        bad = {status: _failure(status, by_status[status], self.form) for status in by_status}
        return {**good, **bad}


def described(
    *scopes: str,
    answers: Answers,
    takes: Content | Sequence[Content] = (),
    optional: bool = False,
    raises: Iterable[Error] = (),
    headers: Iterable[str] = (),
    form: Form = "problem",
    links: Iterable[str] = (),
) -> dict[str, Any]:
    """Arguments for a route's decorator: `@router.get(path, **described("read", answers=…))`.

    A caller needs one of the `scopes`; without any the route is open to all. `takes` is the body,
    which may be missing where it is `optional`. `raises` are the errors that only some routes know:
    those of identity, bodies and the store come by themselves. `headers` are parameters of the
    document's components. `form` says in whose form the errors are. `links` are fields
    of the answer that other routes have in their path.
    """
    by_status = {200: answers} if isinstance(answers, Content) else answers
    bodies = _each(takes)
    known = (*raises, *(BODIES if bodies else ()), *(ADMITTED if scopes else ()), *ANYWHERE)
    description = Description(
        scopes,
        {status: _each(content) for status, content in by_status.items()},
        bodies,
        optional,
        tuple(dict.fromkeys(known)),
        (*headers, *(("X-Frontdesk-User",) if scopes else ()), "X-Request-Id"),
        form,
        tuple(links),
    )
    return {
        "status_code": min(by_status),
        "response_class": Response,
        "response_model": None,
        "openapi_extra": {KEY: description},
    }


def _each(content: Content | Sequence[Content] | None) -> Sequence[Content]:
    if content is None:
        return ()
    return (content,) if isinstance(content, Content) else content


def _answer(status: int, content: Sequence[Content]) -> dict[str, Any]:
    notes = " ".join(each.note for each in content if each.note)
    made: dict[str, Any] = {
        "description": notes or HTTPStatus(status).phrase,
        "headers": {"X-Request-Id": _ref(HEADERS, "X-Request-Id")},
    }
    if content:
        made["content"] = {each.media: each.schema() for each in content}
    return made


def _failure(status: int, by_code: Mapping[str, Error], form: Form) -> dict[str, Any]:
    made = _answer(status, ())
    made["description"] = "\n".join(f"- `{e.code}`: {_sentence(e)}" for e in by_code.values())
    media, kind = FORMS[form]
    examples = {code: {"value": _example(error, form)} for code, error in by_code.items()}
    made["content"] = {media: {"schema": given(kind), "examples": examples}}
    if status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
        made["headers"]["Retry-After"] = _ref(HEADERS, "Retry-After")
    if status == HTTPStatus.UNAUTHORIZED:
        made["headers"]["WWW-Authenticate"] = _ref(HEADERS, "WWW-Authenticate")
    return made


def _example(error: Error, form: Form) -> Mapping[str, object]:
    found = problem(error(_sentence(error)))
    if form == "openai":
        known = KNOWN.get(found.code) or by_status(found)
        return replace(known, message=known.message or found.detail).body
    return {**asdict(found), "request_id": "req_5f0c2a9be1d34477a6c0d1e2"}


def _sentence(error: Error) -> str:
    if error is FrontdeskError:
        return internal_error().detail
    return " ".join((error.__doc__ or error.title).split())


def _status(error: Error, form: Form) -> int:
    known = KNOWN.get(error.code) if form == "openai" else None
    return known.status if known else error.status


def _ref(place: str, name: str) -> dict[str, str]:
    return {"$ref": f"{place}{name}"}
