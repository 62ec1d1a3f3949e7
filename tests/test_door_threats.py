"""Threats at the door that no other test is about: forged events, secrets, other origins."""

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pytest
from redis.asyncio import Redis
from tests.app_clients import client_of
from tests.doorman import bearer
from tests.redis_contents import contents

from frontdesk.asgi import create_app
from frontdesk.config import Settings
from frontdesk.contract.errors import NotFound
from frontdesk.server.api_keys import ApiKeys
from frontdesk.sessions import calls
from frontdesk.testing import FakeOpenAI, Visitor, text

FORGED = (
    'One\r\n\r\nevent: turn.failed\ndata: {"status": "failed"}\n\n: x\u2028id: 9-9\x85data: two\x00'
)
STRANGER = "https://stranger.example"


async def test_t34_what_a_model_says_cannot_forge_an_event(
    ann_http: httpx2.AsyncClient, upstream: FakeOpenAI
) -> None:
    upstream.script(text(FORGED))
    answer = await ann_http.post("/v1/chat", json={"message": "Say it", "stream": True})
    blocks = [block.split("\n") for block in answer.text.removesuffix("\n\n").split("\n\n")]
    assert all([line.partition(": ")[0] for line in b] == ["id", "event", "data"] for b in blocks)
    assert [b[1] for b in blocks].count("event: turn.failed") == 0
    told = [json.loads(b[2][6:]) for b in blocks if b[1] == "event: text.delta"]
    assert "event: turn.failed\ndata: " in "".join(each["text"] for each in told)


@pytest.mark.parametrize("event_id", ["1\u00a0", "a b", "1-1; x", "é", "x" * 65])
async def test_t34_the_id_of_an_event_is_a_token(
    ann_http: httpx2.AsyncClient, event_id: str
) -> None:
    begun = (await ann_http.post("/v1/chat", json={"message": "Hello"})).json()
    headers = [(b"Last-Event-ID", event_id.encode())]
    answer = await ann_http.get(f"/v1/turns/{begun['turn_id']}/events", headers=headers)
    assert answer.status_code == 422


@pytest.mark.parametrize("header", ["X-Request-Id", "X-Frontdesk-User", "Idempotency-Key"])
async def test_t35_a_header_cannot_bring_another_one(
    ann_http: httpx2.AsyncClient, header: str
) -> None:
    headers = [(header.encode(), b"a\r\nX-Forged: b")]
    answer = await ann_http.post("/v1/chat", json={"message": "Hello"}, headers=headers)
    assert "x-forged" not in answer.headers
    assert re.fullmatch(r"[A-Za-z0-9._-]{1,64}", answer.headers["X-Request-Id"])


@asynccontextmanager
async def keyed(settings: Settings) -> AsyncIterator[httpx2.AsyncClient]:
    """The server as others reach it."""
    async with client_of(create_app(settings), "http://desk.example", "192.0.2.1") as http:
        yield http


async def test_t37_no_secret_is_in_redis_in_an_answer_or_in_the_log(
    settings: Settings, redis: Redis, upstream: FakeOpenAI, capsys: pytest.CaptureFixture[str]
) -> None:
    planted = [f"planted-{what}-{'x' * 20}" for what in ("model-key", "secret")]
    open_ai, secret = planted
    _, token = await ApiKeys(redis).create("acme", scopes=("chat", "read"))
    given = {"openai_api_key": open_ai, "secret": secret, "log_level": "debug"}
    chosen = Settings.model_validate({**settings.model_dump(), **given})
    said = []
    async with keyed(chosen) as http:
        for words in ("Hello", "[status:500]", "[malformed]", "[cut]", "fuck you"):
            answer = await http.post("/v1/chat", json={"message": words}, headers=bearer(token))
            said.append(answer.text + str(answer.headers))
        said.append((await http.get("/v1/sessions", headers=bearer("fd_no_key"))).text)
        held = str(await contents(redis))
    seen = "".join([*said, held, *capsys.readouterr()])
    assert [each for each in (*planted, token, token.split("_")[2]) if each in seen] == []


async def test_t39_no_page_of_another_origin_may_read_an_answer(
    settings: Settings, redis: Redis
) -> None:
    _, token = await ApiKeys(redis).create("acme", scopes=("chat", "read"))
    app = create_app(settings)
    paths = {re.sub(r"\{\w+\}", "none", getattr(route, "path", "")) for route in app.routes}
    asking = {**bearer(token), "Origin": STRANGER, "Access-Control-Request-Method": "POST"}
    async with keyed(settings) as http:
        for path in sorted(paths):
            for method in ("GET", "OPTIONS"):
                answer = await http.request(method, path, headers=asking)
                allowed = [name for name in answer.headers if name.startswith("access-control-")]
                assert not allowed, (method, path)
            assert answer.status_code in (404, 405), path


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/metrics", "/debug", "/.env", "/status"])
async def test_t39_what_tells_of_the_inside_is_not_for_everybody(
    settings: Settings, redis: Redis, path: str
) -> None:
    await ApiKeys(redis).create("acme")
    async with keyed(settings) as http:
        assert (await http.get(path)).status_code in (401, 403, 404)


async def test_t43_a_session_without_an_end_has_one(
    ann: Visitor, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "LONGEST_HISTORY", 4)
    question, keys = "Where is my order 2024-1001?", list[int]()
    turns = [await ann.ask(question) for _ in range(6)]
    for _ in range(6):
        await ann.ask(question)
        keys.append(len(await redis.keys("fd:{*}:t:*")))
    assert len(await ann.records()) == 4
    assert len(set(keys)) == 1
    with pytest.raises(NotFound):
        await ann.desk.sessions.result(ann.owner, turns[0].turn_id)
