"""Errors as answers: RFC 9457 problems with code and request id, whatever goes wrong."""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from http import HTTPStatus
from typing import Any, NotRequired

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route
from typing_extensions import TypedDict

from frontdesk.contract.errors import (
    FrontdeskError,
    InvalidRequest,
    NotFound,
    Problem,
    problem,
)
from frontdesk.server.openai.errors import (
    Refused,
    nowhere,
    refusal_answer,
    refusal_of,
    speaks_openai,
    translated,
)
from frontdesk.sessions.codec import dump

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 5
ERRORS_SHOWN = 3


class MethodNotAllowed(FrontdeskError):
    """The route exists but not with this method."""

    code, status, title = "method_not_allowed", 405, "Method not allowed"


class UnsupportedMedia(FrontdeskError):
    """The body is not plain JSON: another media type, or compressed."""

    code, status, title = "unsupported_media_type", 415, "Unsupported media type"


class ProblemObject(TypedDict):
    """What is wrong and what to do (RFC 9457). The `code` stays the same, words may change; a
    failed turn also names itself.
    """

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    turn_id: NotRequired[str]
    session_id: NotRequired[str]


def problem_object(
    found: Problem, request: Request, turn_id: str | None = None, session_id: str | None = None
) -> ProblemObject:
    """The problem as its JSON object."""
    made: ProblemObject = {
        "type": found.type,
        "title": found.title,
        "status": found.status,
        "detail": found.detail,
        "code": found.code,
        "request_id": request.state.request_id,
    }
    if turn_id is not None:
        made["turn_id"] = turn_id
    if session_id is not None:
        made["session_id"] = session_id
    return made


def problem_answer(
    found: Problem, request: Request, *, retry_after_s: int | None = None, **more: str | None
) -> Response:
    """The problem as an answer, in OpenAI's form on its paths. 429 and 503 say after how many
    seconds to come back.
    """
    if speaks_openai(request):
        return refusal_answer(translated(found, request, retry_after_s))
    body = dump(problem_object(found, request, **more))
    answer = Response(body, found.status, media_type=MEDIA_TYPE)
    if found.status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
        answer.headers["Retry-After"] = str(retry_after_s or RETRY_AFTER_S)
    if found.status == HTTPStatus.UNAUTHORIZED:
        answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


def bare_problem(error: FrontdeskError) -> bytes:
    """The problem as the bytes of a whole answer, for what never became a request."""
    found, request_id = problem(error), f"req_{secrets.token_hex(12)}"
    body = dump({**asdict(found), "request_id": request_id})
    again = f"Retry-After: {error.retry_after_s}\r\n" if error.retry_after_s else ""
    head = (
        f"HTTP/1.1 {found.status} {HTTPStatus(found.status).phrase}\r\n"
        f"Content-Type: {MEDIA_TYPE}\r\nContent-Length: {len(body)}\r\n"
        f"X-Request-Id: {request_id}\r\n{again}Connection: close\r\n\r\n"
    )
    return head.encode() + body


def invalid(errors: Iterable[Mapping[str, Any]], fields: Iterable[str]) -> InvalidRequest:
    """What is wrong in the known `fields`, in words that hold nothing of what was sent."""
    known = set(fields)
    said: dict[str, None] = {}
    for error in errors:
        place = next((part for part in error["loc"] if part in known), "request")
        said[f"{place}: {error['msg'].removeprefix('Value error, ')}."] = None
    return InvalidRequest(" ".join(list(said)[:ERRORS_SHOWN]))


def internal_error() -> FrontdeskError:
    """What a person is told of a bug."""
    return FrontdeskError("The server failed; its log has the cause under this request id.")


def answer_problems(app: FastAPI) -> None:
    """Makes every error of the application a problem, or OpenAI's error on its paths."""
    app.add_exception_handler(FrontdeskError, _known)
    app.add_exception_handler(HTTPException, _of_http)
    app.add_exception_handler(RequestValidationError, _of_validation)


async def _known(request: Request, error: Exception) -> Response:
    assert isinstance(error, FrontdeskError)
    if isinstance(error, Refused):
        return refusal_answer(refusal_of(error, request))
    return problem_answer(
        problem(error), request, retry_after_s=error.retry_after_s, turn_id=error.turn_id
    )


async def _of_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    answer = await _known(request, _told(error, request))
    answer.headers.update(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        answer.headers["Allow"] = ", ".join(_methods(request))
    return answer


def _methods(request: Request) -> list[str]:
    """What this address takes: by the routes that name it, else by those whose pattern fits."""
    routes = [route for route in request.app.routes if isinstance(route, Route)]
    fitting = [route for route in routes if route.matches(request.scope)[0] is not Match.NONE]
    named = [route for route in fitting if route.path == request.scope["path"]]
    return sorted({method for route in named or fitting for method in route.methods or ()})


def _told(error: HTTPException, request: Request) -> FrontdeskError:
    if error.status_code == HTTPStatus.NOT_FOUND and speaks_openai(request):
        return nowhere(request)
    if error.status_code == HTTPStatus.NOT_FOUND:
        return NotFound("There is nothing at this address.")
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        return MethodNotAllowed("This address does not take this method; Allow says which.")
    return InvalidRequest("The request is malformed.")


async def _of_validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    names = [str(one["loc"][-1]) for one in error.errors()]
    return await _known(request, invalid(error.errors(), names))
