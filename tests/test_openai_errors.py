"""Errors on OpenAI's paths: OpenAI's body, texts and statuses, so that its clients raise what they
would there.
"""

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from fastapi import APIRouter
from fastapi.routing import APIRoute
from redis.asyncio import Redis
from starlette.requests import Request
from tests.app_clients import app_on, client_of

from frontdesk.asgi import create_app
from frontdesk.config import Settings
from frontdesk.contract.errors import (
    BudgetExhausted,
    ContextOverflow,
    FrontdeskError,
    RateLimited,
    SessionBusy,
    StoreUnavailable,
    TurnLimit,
    problem,
)
from frontdesk.contract.turns import Receipt, ToolUse, TurnResult
from frontdesk.server.api_keys import ApiKeys
from frontdesk.server.openai.bodies import Lenient, checked, read_body
from frontdesk.server.openai.errors import (
    Refused,
    failed,
    refusal_of,
    speaks_openai,
    unknown_model,
)
from frontdesk.server.reception import admit

router = APIRouter()


class Body(Lenient):
    model: str
    messages: list[dict[str, Any]]
    n: int | None = None


@router.post("/v1/trial")
async def trial(request: Request) -> None:
    await admit(request, "chat")
    checked(Body, await read_body(request))
    raise unknown_model("gpt-2")


class Doorman:
    """A desk with keys and nothing else."""

    def __init__(self, redis: Redis) -> None:
        self.redis, self.sessions = redis, self

    def owner(self, _caller: object) -> str:
        return "owner"


@pytest.fixture
async def http(redis: Redis) -> AsyncIterator[httpx2.AsyncClient]:
    app = app_on(Doorman(redis), Settings(max_body_bytes=5000, _env_file=None))
    app.router.routes.extend(router.routes)
    async with client_of(app) as http:
        yield http


def at(path: str, **headers: str) -> Request:
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": "POST", "path": path, "headers": raw})


def error_in(answer: httpx2.Response) -> dict[str, Any]:
    body = answer.json()
    assert set(body) == {"error"}
    assert set(body["error"]) == {"message", "type", "param", "code"}
    found: dict[str, Any] = body["error"]
    return found


def test_every_route_of_ours_tells_problems_and_every_other_path_openais_errors() -> None:
    paths = {
        route.path: route.endpoint.__module__
        for route in create_app(Settings(_env_file=None)).routes
        if isinstance(route, APIRoute)
    }
    wrong = [
        path
        for path, module in paths.items()
        if speaks_openai(at(path)) is not module.startswith("frontdesk.server.openai")
    ]
    assert wrong == [], "list what follows /v1/ in server/openai/errors.py: OWN"


@pytest.mark.parametrize("path", ["/v1/embeddings", "/v1/chat/nothing", "/v1/", "/v1"])
async def test_an_unknown_path_is_openais_404(http: httpx2.AsyncClient, path: str) -> None:
    answer = await http.post(path)
    found = error_in(answer)
    assert (answer.status_code, found["message"]) == (404, f"Invalid URL (POST {path})")
    assert (found["type"], found["code"]) == ("invalid_request_error", None)
    assert answer.headers["x-request-id"]


@pytest.mark.parametrize("path", ["/v1/turns/none/nothing", "/nothing", "/v1/sessions"])
async def test_paths_of_ours_keep_their_problems(http: httpx2.AsyncClient, path: str) -> None:
    answer = await http.post(path)
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_wrong_method_is_a_405_that_names_the_right_one(http: httpx2.AsyncClient) -> None:
    answer = await http.get("/v1/trial")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert error_in(answer)["message"] == "Not allowed to GET on /v1/trial."


@pytest.mark.parametrize("body", [b"{", b"[]", b'"x"', b'{"n": NaN}', b'{"n": "\\ud800"}', b"\xff"])
async def test_broken_json_is_a_400_in_openais_words(http: httpx2.AsyncClient, body: bytes) -> None:
    answer = await http.post(
        "/v1/trial", content=body, headers={"Content-Type": "application/json"}
    )
    said = "We could not parse the JSON body of your request."
    assert (answer.status_code, error_in(answer)["message"]) == (400, said)


@pytest.mark.parametrize(
    ("body", "param", "code", "message"),
    [
        ({}, "model", "missing_required_parameter", "Missing required parameter: 'model'."),
        (
            {"model": "x", "messages": ["hi"]},
            *("messages[0]", "invalid_type"),
            "Invalid type for 'messages[0]': Input should be a valid dictionary.",
        ),
        (
            {"model": "x", "messages": [], "n": "one"},
            *("n", "invalid_type"),
            "Invalid type for 'n': Input should be a valid integer.",
        ),
    ],
)
async def test_a_wrong_field_is_a_400_that_names_it(
    http: httpx2.AsyncClient, body: object, param: str, code: str, message: str
) -> None:
    answer = await http.post("/v1/trial", json=body)
    found = error_in(answer)
    assert answer.status_code == 400
    assert (found["param"], found["code"], found["message"]) == (param, code, message)


async def test_a_post_without_a_body_is_an_empty_object(http: httpx2.AsyncClient) -> None:
    assert error_in(await http.post("/v1/trial"))["param"] == "model"


async def test_unknown_fields_are_ignored(http: httpx2.AsyncClient) -> None:
    answer = await http.post("/v1/trial", json={"model": "x", "messages": [], "novel": 1})
    assert (answer.status_code, error_in(answer)["code"]) == (404, "model_not_found")


async def test_what_is_nested_more_deeply_than_can_be_written_is_refused(
    http: httpx2.AsyncClient,
) -> None:
    deep = b'{"a":' * 200 + b"1" + b"}" * 200
    headers = {"Content-Type": "application/json"}
    answer = await http.post("/v1/trial", content=deep, headers=headers)
    assert (answer.status_code, "nested" in error_in(answer)["message"]) == (400, True)


async def test_a_body_that_is_too_large_is_a_413(http: httpx2.AsyncClient) -> None:
    answer = await http.post("/v1/trial", json={"model": "x" * 6000})
    assert (answer.status_code, error_in(answer)["type"]) == (413, "invalid_request_error")


async def test_a_key_is_asked_for_before_the_body_is_read(
    http: httpx2.AsyncClient, redis: Redis
) -> None:
    await ApiKeys(redis).create("acme", None, frozenset({"chat"}))
    none = await http.post("/v1/trial", content=b"{")
    wrong = await http.post("/v1/trial", headers={"Authorization": "Bearer fd_wrong"})
    assert (none.status_code, wrong.status_code) == (401, 401)
    assert error_in(none)["message"] == "You didn't provide an API key."
    assert error_in(wrong)["message"] == "Incorrect API key provided."
    assert (error_in(none)["code"], error_in(wrong)["code"]) == (None, "invalid_api_key")


@pytest.mark.parametrize(
    ("error", "status", "kind", "code", "retries"),
    [
        (SessionBusy(""), 400, "invalid_request_error", "conversation_locked", None),
        (RateLimited(""), 429, "requests", "rate_limit_exceeded", None),
        (BudgetExhausted(""), 429, "insufficient_quota", "insufficient_quota", False),
        (ContextOverflow(""), 400, "invalid_request_error", "context_length_exceeded", None),
        (StoreUnavailable(""), 503, "server_error", "store_unavailable", None),
        (TurnLimit(""), 500, "server_error", "turn_limit", False),
        (FrontdeskError(""), 500, "server_error", None, False),
    ],
)
def test_our_codes_are_told_as_openais(
    error: FrontdeskError, status: int, kind: str, code: str | None, retries: bool | None
) -> None:
    found = refusal_of(error, at("/v1/responses"))
    assert (found.status, found.type, found.code, found.retries) == (status, kind, code, retries)


def test_a_turn_that_called_a_tool_is_not_to_be_repeated_blindly() -> None:
    error, tool = problem(StoreUnavailable("Redis is gone.")), ToolUse("pay", 1.0, True)
    receipt = Receipt(1, 0, 0, 0, 0, None, None, (), (tool,), (), {}, 1.0)
    calm = failed(TurnResult("turn_1", "sess_1", "failed", error=error), at("/v1/responses"))
    acted = failed(
        TurnResult("turn_1", "sess_1", "failed", receipt=receipt, error=error), at("/v1/responses")
    )
    assert isinstance(acted, Refused)
    assert (calm.refusal.retries, acted.refusal.retries) == (None, False)
