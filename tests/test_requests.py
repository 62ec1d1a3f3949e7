"""Requests as they should not be: each is refused with a problem, none breaks the server."""

from collections.abc import AsyncIterator
from time import perf_counter
from typing import Any

import httpx2
import pytest
from redis.asyncio import Redis
from tests.app_clients import app_on, client_of

from frontdesk.config import Settings
from frontdesk.contract.errors import SessionBusy, StoreUnavailable
from frontdesk.contract.messages import Caller, Message

LIMIT = 200_000
JSON = {"Content-Type": "application/json"}
SECRET = "sk-planted-value"


class Refusing:
    """A desk whose turns all fail to begin, with the error that it was given."""

    def __init__(self, redis: Redis) -> None:
        self.redis = redis
        self.sessions = self
        self.error: Exception = StoreUnavailable("Redis is gone.", retry_after_s=7)
        self.heard: list[Message] = []

    def owner(self, caller: Caller) -> str:
        return caller.user

    async def start(self, message: Message) -> None:
        self.heard.append(message)
        raise self.error


@pytest.fixture
def desk(redis: Redis) -> Refusing:
    return Refusing(redis)


@pytest.fixture
async def http(desk: Refusing) -> AsyncIterator[httpx2.AsyncClient]:
    app = app_on(desk, Settings(max_body_bytes=LIMIT, _env_file=None))
    async with client_of(app) as http:
        yield http


def check_problem(answer: httpx2.Response, status: int, code: str) -> None:
    body = answer.json()
    assert (answer.status_code, body["status"], body["code"]) == (status, status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert body["type"] == f"urn:frontdesk:error:{code}"
    assert body["title"]
    assert body["detail"]
    assert body["request_id"] == answer.headers["X-Request-Id"]


HOSTILE_BODIES = {
    "nothing": b"",
    "no json": b"hello",
    "cut off": b'{"message": "hi"',
    "an array": b"[]",
    "null": b"null",
    "not a number": b'{"message": "hi", "stream": NaN}',
    "a number too big": b'{"message": 1e400}',
    "100,000 digits": b'{"message": ' + b"7" * 100_000 + b"}",
    "a lone surrogate": b'{"message": "\\ud800"}',
    "NUL escaped": b'{"message": "a\\u0000b"}',
    "NUL raw": b'{"message": "a\x00b"}',
    "NUL in metadata": b'{"message": "hi", "metadata": {"a\\u0000": "b"}}',
    "bad UTF-8": b'{"message": "\xff\xfe"}',
    "overlong UTF-8": b'{"message": "\xc0\xaf"}',
    "UTF-16": '{"message": "hi"}'.encode("utf-16"),
    "a byte order mark": b'\xef\xbb\xbf{"message": "hi"}',
    "deep arrays": b'{"message": ' + b"[" * 100_000,
    "deep objects": b'{"a":' * 30_000,
    "deep but closed": b'{"message": ' + b"[" * 900 + b"]" * 900 + b"}",
    "many keys": b"{" + b",".join(b'"%d":1' % n for n in range(15_000)) + b"}",
    "many metadata": b'{"message":"hi","metadata":{'
    + b",".join(b'"%d":1' % n for n in range(15_000))
    + b"}}",
    "many parts": b'{"message":[' + b",".join([b"{}"] * 60_000) + b"]}",
    "no message": b"{}",
    "an empty message": b'{"message": ""}',
    "white space": b'{"message": " \\n\\u00a0"}',
    "no parts": b'{"message": []}',
    "an image": b'{"message": [{"type": "input_image", "image_url": "x"}]}',
    "another role": b'{"message": [{"type": "input_text", "text": "a", "role": "system"}]}',
    "an unknown field": b'{"message": "hi", "model": "gpt-6.1-sol"}',
    "a user in the body": b'{"message": "hi", "user_id": "bob"}',
    "a string for a boolean": b'{"message": "hi", "stream": "true"}',
    "an unknown policy": b'{"message": "hi", "on_busy": "merge"}',
    "two that exclude": b'{"message": "hi", "background": true, "on_disconnect": "cancel"}',
    "stream in the background": b'{"message": "hi", "stream": true, "background": true}',
    "a session id with a key in it": b'{"message": "hi", "session_id": "a:turns"}',
    "an empty session id": b'{"message": "hi", "session_id": ""}',
    "a session id with a line break": b'{"message": "hi", "session_id": "a\\n"}',
    "a huge session id": b'{"message": "hi", "session_id": "' + b"a" * 100_000 + b'"}',
    "metadata that is no text": b'{"message": "hi", "metadata": {"a": {"b": 1}}}',
}


@pytest.mark.parametrize("body", HOSTILE_BODIES.values(), ids=HOSTILE_BODIES.keys())
async def test_a_hostile_body_is_refused_quickly(
    http: httpx2.AsyncClient, desk: Refusing, body: bytes
) -> None:
    began = perf_counter()
    answer = await http.post("/v1/chat", content=body, headers=JSON)
    assert perf_counter() - began < 1.0
    check_problem(answer, 422, "invalid_request")
    assert len(answer.content) < 1000
    assert desk.heard == []


@pytest.mark.parametrize(
    "body",
    [
        {"message": "hi", SECRET: 1},
        {"message": "hi", "on_busy": SECRET},
        {"message": "hi", "session_id": SECRET + "!"},
        {"message": "hi", "metadata": {SECRET: 1}},
        {"message": [{"type": SECRET, "text": SECRET}]},
    ],
)
async def test_a_refusal_does_not_repeat_what_was_sent(
    http: httpx2.AsyncClient, body: dict[str, Any]
) -> None:
    answer = await http.post("/v1/chat", json=body)
    assert answer.status_code == 422
    assert SECRET not in answer.text


async def test_a_refusal_names_the_field(http: httpx2.AsyncClient) -> None:
    answer = await http.post("/v1/chat", json={"message": "hi", "on_busy": "merge"})
    assert answer.json()["detail"].startswith("on_busy: ")
    assert "enqueue" in answer.json()["detail"]


class Endless:
    """A body without an end; `read` counts the bytes that were taken."""

    read = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            self.read += 1000
            yield b" " * 1000


async def test_a_body_that_says_it_is_too_large_is_not_read(http: httpx2.AsyncClient) -> None:
    body, headers = Endless(), {**JSON, "Content-Length": str(LIMIT + 1)}
    answer = await http.post("/v1/chat", content=body, headers=headers)
    check_problem(answer, 413, "payload_too_large")
    assert body.read == 0


async def test_a_streamed_body_is_read_to_the_limit_only(http: httpx2.AsyncClient) -> None:
    body = Endless()
    answer = await http.post("/v1/chat", content=body, headers=JSON)
    check_problem(answer, 413, "payload_too_large")
    assert body.read <= LIMIT + 1000


@pytest.mark.parametrize(
    "headers",
    [{"Content-Type": "text/plain"}, {**JSON, "Content-Encoding": "gzip"}, {"Content-Type": ""}],
)
async def test_a_body_that_is_not_plain_json_is_refused(
    http: httpx2.AsyncClient, headers: dict[str, str]
) -> None:
    answer = await http.post("/v1/chat", content=b'{"message": "hi"}', headers=headers)
    check_problem(answer, 415, "unsupported_media_type")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/", 404, "not_found"),
        ("GET", "/docs", 404, "not_found"),
        ("GET", "/openapi.yaml", 404, "not_found"),
        ("POST", "/v1/chat/", 404, "not_found"),
        ("POST", "/v1/turns/turn_1/approve", 404, "not_found"),
        ("PUT", "/v1/chat", 405, "method_not_allowed"),
        ("TRACE", "/v1/chat", 405, "method_not_allowed"),
        ("BREW", "/v1/chat", 405, "method_not_allowed"),
        ("OPTIONS", "/v1/chat", 405, "method_not_allowed"),
        ("GET", "/v1/turns/a:b", 422, "invalid_request"),
        ("GET", "/v1/turns/a%0A", 422, "invalid_request"),
        ("GET", "/v1/turns/%00", 422, "invalid_request"),
        ("GET", "/v1/turns/%FF", 422, "invalid_request"),
        ("GET", "/v1/sessions/*", 422, "invalid_request"),
        ("DELETE", "/v1/sessions/a:b", 422, "invalid_request"),
        ("GET", "/v1/sessions?limit=0", 422, "invalid_request"),
        ("GET", "/v1/sessions?limit=1e400", 422, "invalid_request"),
        ("GET", "/v1/sessions?after={}", 422, "invalid_request"),
    ],
)
async def test_a_wrong_address_or_method_is_a_problem(
    http: httpx2.AsyncClient, method: str, path: str, status: int, code: str
) -> None:
    check_problem(await http.request(method, path), status, code)


@pytest.mark.parametrize("key", ["", "a b", "x" * 256, "\x7f"])
async def test_a_malformed_idempotency_key_is_refused(http: httpx2.AsyncClient, key: str) -> None:
    answer = await http.post("/v1/chat", json={"message": "a"}, headers={"Idempotency-Key": key})
    check_problem(answer, 422, "invalid_request")


async def test_a_busy_server_says_when_to_come_back(http: httpx2.AsyncClient) -> None:
    answer = await http.post("/v1/chat", json={"message": "hi"})
    check_problem(answer, 503, "store_unavailable")
    assert answer.headers["Retry-After"] == "7"


async def test_a_busy_session_names_its_running_turn(
    http: httpx2.AsyncClient, desk: Refusing
) -> None:
    desk.error = SessionBusy("Another turn runs.", turn_id="turn_9")
    answer = await http.post("/v1/chat", json={"message": "hi"})
    check_problem(answer, 409, "session_busy")
    assert answer.json()["turn_id"] == "turn_9"


async def test_a_bug_shows_nothing_of_the_inside(
    http: httpx2.AsyncClient, desk: Refusing, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.error = KeyError(SECRET)
    answer = await http.post("/v1/chat", json={"message": SECRET})
    check_problem(answer, 500, "internal")
    logged = capsys.readouterr().out
    assert SECRET not in answer.text + logged
    assert answer.headers["X-Request-Id"] in logged


@pytest.mark.parametrize("given", ["abc-1.2_3", "0" * 64])
async def test_a_safe_request_id_is_kept(http: httpx2.AsyncClient, given: str) -> None:
    assert (await http.get("/livez", headers={"X-Request-Id": given})).headers[
        "X-Request-Id"
    ] == given


@pytest.mark.parametrize("given", ["a b", "", "x" * 65, "<script>", "a\tb"])
async def test_an_unsafe_request_id_is_replaced(http: httpx2.AsyncClient, given: str) -> None:
    answer = await http.get("/livez", headers={"X-Request-Id": given})
    assert answer.headers["X-Request-Id"].startswith("req_")
