"""The audit log: what is written down, and what is not."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx2
import pytest
from fastapi import FastAPI
from redis.asyncio import Redis
from starlette.requests import Request
from starlette.responses import Response
from structlog.testing import capture_logs
from tests.app_clients import app_on, client_of
from tests.doorman import HERE, Doorman, bearer
from tests.route_table import api_routes

from frontdesk.config import Settings
from frontdesk.contract.keys import AUDIT
from frontdesk.server.api_keys import ApiKeys
from frontdesk.server.audit import Audit
from frontdesk.server.openapi import description_of
from frontdesk.server.reception import admit
from frontdesk.server.refusals import MOST


@pytest.fixture
def keys(redis: Redis) -> ApiKeys:
    return ApiKeys(redis)


@pytest.fixture
def app(redis: Redis) -> FastAPI:
    """The application with one more route, for administrators."""
    app = app_on(Doorman(redis), Settings(_env_file=None))

    async def rule(request: Request) -> Response:
        await admit(request, "admin")
        return Response()

    app.add_api_route("/v1/rules/{name}", rule, methods=["GET", "POST"])
    return app


@pytest.fixture
async def http(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    async with client_of(app, HERE) as http:
        yield http


async def test_making_and_revoking_a_key_is_in_the_audit_log_and_no_secret_is(
    keys: ApiKeys, redis: Redis
) -> None:
    with capture_logs() as lines:
        key_id, token = await keys.create("shop", "ann", name="the till", by="command:root")
        await keys.revoke(key_id, by="command:eve")
    made, revoked = await Audit(redis).read(10)
    assert (made.action, made.by, made.about["key"]) == ("key.created", "command:root", key_id)
    assert (made.about["user"], made.about["scopes"]) == ("ann", "chat read")
    assert (revoked.action, revoked.by, revoked.about["key"]) == (
        "key.revoked",
        "command:eve",
        key_id,
    )
    assert [line["action"] for line in lines if line["event"] == "audit"] == [
        "key.created",
        "key.revoked",
    ]
    assert token.split("_")[2] not in str(await redis.xrange(AUDIT)) + str(lines)


async def test_what_is_not_there_is_not_revoked_and_not_logged(keys: ApiKeys, redis: Redis) -> None:
    assert await keys.revoke("no") is False
    assert await Audit(redis).read(10) == ()


async def test_trimming_the_audit_log_is_in_it(redis: Redis) -> None:
    audit = Audit(redis)
    await redis.xadd(AUDIT, {"action": "key.created", "by": "command"}, id="1000-0")
    gone = await audit.trim(datetime(2020, 1, 1, tzinfo=UTC), "command:root")
    assert gone == 1
    [left] = await audit.read(10)
    assert (left.action, left.by) == ("audit.trimmed", "command:root")


async def test_t08_an_administrators_route_refuses_a_users_key_and_writes_it_down(
    http: httpx2.AsyncClient, keys: ApiKeys, redis: Redis
) -> None:
    key_id, token = await keys.create("shop", "ann", scopes=["chat", "read", "act-as-user"])
    sent = bearer(token, "root") | {"X-Request-Id": "req-1"}
    assert (await http.post("/v1/rules/ann's own", headers=sent)).status_code == 403
    last = (await Audit(redis).read(10))[-1]
    assert (last.action, last.by) == ("admin.refused", f"key:{key_id}")
    assert last.about == {
        "tenant": "shop",
        "route": "POST /v1/rules/{name}",
        "request_id": "req-1",
    }


async def test_what_an_administrator_does_is_written_down_and_what_one_reads_is_not(
    http: httpx2.AsyncClient, keys: ApiKeys, redis: Redis
) -> None:
    _, token = await keys.create("shop", "root", scopes=["admin"])
    assert (await http.get("/v1/rules/a", headers=bearer(token))).status_code == 200
    assert (await http.post("/v1/rules/a", headers=bearer(token))).status_code == 200
    entries = await Audit(redis).read(10)
    assert [entry.action for entry in entries] == ["key.created", "admin.allowed"]


async def test_refusals_cannot_fill_the_log(
    http: httpx2.AsyncClient, keys: ApiKeys, redis: Redis
) -> None:
    _, token = await keys.create("shop")
    for _ in range(MOST + 5):
        assert (await http.get("/v1/rules/a", headers=bearer(token))).status_code == 403
    assert len(await Audit(redis).read(100)) == 1 + MOST


async def test_t08_every_route_for_administrators_refuses_a_users_key(
    app: FastAPI, http: httpx2.AsyncClient, keys: ApiKeys, redis: Redis
) -> None:
    _, token = await keys.create("shop", scopes=["chat", "read", "approve"])
    theirs = [r for r in api_routes(app) if (d := description_of(r)) and d.scopes == ("admin",)]
    asked = [(method, route.path) for route in theirs for method in route.methods or ()]
    answers = [await http.request(*each, headers=bearer(token)) for each in asked]
    assert {answer.status_code for answer in answers} <= {403}
    assert len(await Audit(redis).read(100)) == 1 + len(asked)
