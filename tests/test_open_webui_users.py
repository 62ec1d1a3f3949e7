"""The user whom Open WebUI names, signed or in plain words."""

import time
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import jwt
import pytest
import pytest_asyncio
from pydantic import SecretStr
from redis.asyncio import Redis
from tests.app_clients import app_on, client_of
from tests.doorman import Doorman, bearer, calling, look
from tests.issuers import raw_token

from frontdesk.config import Settings
from frontdesk.contract.errors import InvalidRequest, SettingsError
from frontdesk.desk import Desk
from frontdesk.server.api_keys import ApiKeys

SECRET = "shared with Open WebUI, and with" + " nobody else"
BACKEND = ["chat", "read", "act-as-user"]
SIGNED = "X-OpenWebUI-User-Jwt"
PLAIN = "X-OpenWebUI-User-Id"


@pytest.fixture
def doorman(redis: Redis) -> Doorman:
    return Doorman(redis)


@pytest.fixture
def keys(redis: Redis) -> ApiKeys:
    return ApiKeys(redis)


@pytest_asyncio.fixture
async def http(doorman: Doorman) -> AsyncIterator[httpx2.AsyncClient]:
    async with calling(doorman, open_webui_secret=SECRET) as http:
        yield http


def signed(secret: str = SECRET, algorithm: str = "HS256", **claims: Any) -> dict[str, str]:
    now = int(time.time())
    good = {"sub": "u-1", "iss": "open-webui", "iat": now, "exp": now + 86_400, "email": "a@b.kr"}
    said = {name: value for name, value in (good | claims).items() if value is not None}
    return {SIGNED: jwt.encode(said, secret, algorithm)}


async def test_the_signed_header_names_the_user_of_a_key_that_acts_for_users(
    http: httpx2.AsyncClient, keys: ApiKeys, doorman: Doorman
) -> None:
    _, token = await keys.create("shop", scopes=BACKEND)
    assert await look(http, bearer(token) | signed()) == 404
    assert (doorman.seen[0].tenant, doorman.seen[0].user) == ("shop", "u-1")


BAD: dict[str, dict[str, str]] = {
    "missing": {},
    "plain": {PLAIN: "u-1"},
    "another secret": signed(SECRET + "x"),
    "another algorithm": signed(SECRET * 2, "HS512"),
    "another issuer": signed(iss="evil"),
    "no issuer": signed(iss=None),
    "over": signed(exp=int(time.time()) - 120),
    "no end": signed(exp=None),
    "nobody": signed(sub=None),
    "a key's own user": signed(sub="key:1"),
    "for somebody else": signed(aud="another"),
    "long": signed(email="x" * 4096),
    "unsigned": {SIGNED: raw_token({"alg": "none"}, {"sub": "u-1", "iss": "open-webui"})},
    "noise": {SIGNED: "noise"},
}


@pytest.mark.parametrize("headers", BAD.values(), ids=BAD.keys())
async def test_where_a_secret_is_shared_a_missing_or_bad_header_is_refused(
    http: httpx2.AsyncClient, keys: ApiKeys, doorman: Doorman, headers: dict[str, str]
) -> None:
    _, token = await keys.create("shop", "own", scopes=BACKEND, trusts_open_webui=True)
    answer = await http.get("/v1/turns/t", headers=bearer(token) | headers)
    assert (answer.status_code, doorman.seen) == (401, [])
    assert SIGNED in answer.json()["detail"]


async def test_the_header_of_frontdesk_comes_first(
    http: httpx2.AsyncClient, keys: ApiKeys, doorman: Doorman
) -> None:
    _, token = await keys.create("shop", scopes=BACKEND)
    assert await look(http, bearer(token, "bob") | signed()) == 404
    assert doorman.seen[0].user == "bob"


async def test_without_the_bearer_key_the_signed_header_is_worth_nothing(
    http: httpx2.AsyncClient, keys: ApiKeys
) -> None:
    await keys.create("shop", scopes=BACKEND)
    assert await look(http, signed()) == 401


async def test_a_key_that_acts_for_nobody_keeps_its_own_user(
    http: httpx2.AsyncClient, keys: ApiKeys, doorman: Doorman
) -> None:
    _, token = await keys.create("shop", "ann")
    assert await look(http, bearer(token) | signed() | {PLAIN: "u-2"}) == 404
    assert doorman.seen[0].user == "ann"


async def test_the_plain_header_counts_only_where_the_key_was_made_to_trust_it(
    doorman: Doorman, keys: ApiKeys
) -> None:
    _, trusts = await keys.create("shop", scopes=BACKEND, trusts_open_webui=True)
    _, other = await keys.create("shop", "own", scopes=BACKEND)
    async with calling(doorman) as http:
        assert await look(http, bearer(trusts) | {PLAIN: "u-2"}) == 404
        assert await look(http, bearer(other) | {PLAIN: "u-2"}) == 404
        assert await look(http, bearer(trusts)) == 422  # for whom?
    assert [caller.user for caller in doorman.seen] == ["u-2", "own"]


async def test_a_key_trusts_the_plain_header_only_if_it_may_act_for_users(keys: ApiKeys) -> None:
    with pytest.raises(InvalidRequest, match="act-as-user"):
        await keys.create("shop", trusts_open_webui=True)


async def test_models_are_listed_without_a_user(
    desk: Desk, settings: Settings, keys: ApiKeys
) -> None:
    _, token = await keys.create("shop", scopes=BACKEND)
    shared = settings.model_copy(update={"open_webui_secret": SecretStr(SECRET)})
    async with client_of(app_on(desk, shared)) as http:
        models = await http.get("/v1/models", headers=bearer(token))
        body = {"model": "frontdesk", "messages": [{"role": "user", "content": "Hello"}]}
        asked = [
            await http.post("/v1/chat/completions", json=body, headers=bearer(token) | headers)
            for headers in ({}, signed())
        ]
    assert [answer.status_code for answer in (models, *asked)] == [200, 401, 200]


async def test_a_short_secret_is_refused(doorman: Doorman) -> None:
    with pytest.raises(SettingsError, match="32 bytes"):
        async with calling(doorman, open_webui_secret="short"):
            pass
