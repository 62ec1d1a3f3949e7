"""Who is calling: keys, scopes, users, and the rule for a machine of one's own."""

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from redis.asyncio import Redis
from tests.doorman import HERE, Doorman, bearer, calling, look

from frontdesk.config import Settings
from frontdesk.contract.errors import InvalidRequest, SettingsError
from frontdesk.contract.keys import API_KEYS
from frontdesk.server.api_keys import ApiKeys
from frontdesk.server.identity import require_credential


@pytest.fixture
def doorman(redis: Redis) -> Doorman:
    return Doorman(redis)


@pytest.fixture
def keys(redis: Redis) -> ApiKeys:
    return ApiKeys(redis)


@pytest.fixture
async def http(doorman: Doorman) -> AsyncIterator[httpx2.AsyncClient]:
    async with calling(doorman) as http:
        yield http


async def say(http: httpx2.AsyncClient, headers: Any = None, **fields: Any) -> httpx2.Response:
    return await http.post("/v1/chat", json={"message": "hello", **fields}, headers=headers or {})


async def test_on_loopback_without_any_key_the_user_is_local(
    http: httpx2.AsyncClient, doorman: Doorman
) -> None:
    assert await look(http) == 404
    assert (doorman.seen[0].tenant, doorman.seen[0].user) == ("local", "local")


async def test_on_loopback_without_any_key_a_header_names_the_user(
    http: httpx2.AsyncClient, doorman: Doorman
) -> None:
    assert await look(http, {"X-Frontdesk-User": "김하나".encode()}) == 404
    assert doorman.seen[0].user == "김하나"


async def test_once_a_key_exists_loopback_needs_one_too(
    http: httpx2.AsyncClient, keys: ApiKeys
) -> None:
    await keys.create("shop")
    answer = await http.get("/v1/turns/turn_1")
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.json()["code"] == "unauthorized"


async def test_a_key_speaks_for_its_tenant_and_user(
    http: httpx2.AsyncClient, doorman: Doorman, keys: ApiKeys
) -> None:
    _, token = await keys.create("shop", "ann")
    assert await look(http, bearer(token)) == 404
    assert (doorman.seen[0].tenant, doorman.seen[0].user) == ("shop", "ann")


async def test_a_key_without_a_user_is_a_user_of_its_own(
    http: httpx2.AsyncClient, doorman: Doorman, keys: ApiKeys
) -> None:
    key_id, token = await keys.create("shop")
    assert await look(http, bearer(token)) == 404
    assert doorman.seen[0].user == f"key:{key_id}"


async def test_missing_wrong_and_revoked_keys_get_the_same_answer(
    http: httpx2.AsyncClient, keys: ApiKeys
) -> None:
    key_id, token = await keys.create("shop")
    await keys.create("other")
    assert await keys.revoke(key_id)
    tokens = [token, f"fd_{key_id}_no", "fd__", "fd_a", "sk-1", "", "fd_a_b_c"]
    tries = [{}, {"Authorization": "Basic YTpi"}, *(bearer(one) for one in tokens)]
    same = {"X-Request-Id": "same"}
    answers = [await http.get("/v1/turns/x", headers={**one, **same}) for one in tries]
    assert {(answer.status_code, answer.text) for answer in answers} == {(401, answers[0].text)}


async def test_a_wrong_key_is_refused_where_none_is_needed(http: httpx2.AsyncClient) -> None:
    assert await look(http, bearer("fd_no_no")) == 401


async def test_a_key_with_act_as_user_takes_the_user_from_the_header(
    http: httpx2.AsyncClient, doorman: Doorman, keys: ApiKeys
) -> None:
    _, token = await keys.create("shop", scopes=["chat", "read", "act-as-user"])
    assert await look(http, bearer(token, "bob")) == 404
    assert (doorman.seen[0].tenant, doorman.seen[0].user) == ("shop", "bob")


async def test_a_key_that_acts_for_users_must_say_for_whom(
    http: httpx2.AsyncClient, keys: ApiKeys
) -> None:
    _, token = await keys.create("shop", scopes=["read", "act-as-user"])
    assert await look(http, bearer(token)) == 422


async def test_naming_a_user_without_the_scope_is_forbidden(
    http: httpx2.AsyncClient, keys: ApiKeys
) -> None:
    _, token = await keys.create("shop", "ann")
    assert await look(http, bearer(token, "bob")) == 403
    assert await look(http, bearer(token, "ann")) == 403


@pytest.mark.parametrize("user", ["", "a\tb", "x" * 129, "key:abc", b"\xff", "a\u0085b"])
async def test_a_malformed_user_is_refused(http: httpx2.AsyncClient, user: str | bytes) -> None:
    name = user.encode() if isinstance(user, str) else user
    assert await look(http, [("X-Frontdesk-User", name)]) == 422


async def test_a_user_named_twice_is_refused(http: httpx2.AsyncClient) -> None:
    assert await look(http, [("X-Frontdesk-User", "a"), ("X-Frontdesk-User", "b")]) == 422


async def test_each_route_needs_its_scope(http: httpx2.AsyncClient, keys: ApiKeys) -> None:
    _, reads = await keys.create("shop", scopes=["read"])
    _, chats = await keys.create("shop", scopes=["chat"])
    assert (await say(http, bearer(reads))).status_code == 403
    assert (await say(http, bearer(chats))).status_code == 404
    assert (await http.delete("/v1/sessions/s", headers=bearer(reads))).status_code == 403
    routes = ["turns/t", "turns/t/events", "sessions", "sessions/s", "sessions/s/turns"]
    answers = [await http.get(f"/v1/{route}", headers=bearer(chats)) for route in routes]
    assert [answer.json()["code"] for answer in answers] == ["forbidden"] * 5


async def test_instructions_need_a_key_that_acts_for_users(
    http: httpx2.AsyncClient, keys: ApiKeys
) -> None:
    _, own = await keys.create("shop", "ann")
    _, backend = await keys.create("shop", scopes=["chat", "act-as-user"])
    assert (await say(http, bearer(own), instructions="Be brief")).status_code == 403
    assert (await say(http, bearer(backend, "ann"), instructions="Be brief")).status_code == 404


@pytest.mark.parametrize("host", ["localhost:8080", "LOCALHOST", "127.0.0.1:1", "[::1]:8080"])
async def test_a_loopback_host_may_ask_without_a_key(http: httpx2.AsyncClient, host: str) -> None:
    assert await look(http, {"Host": host}) == 404


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost@evil", ""])
async def test_a_foreign_host_name_is_forbidden(http: httpx2.AsyncClient, host: str) -> None:
    assert await look(http, {"Host": host}) == 403


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://localhost:3000", 404),
        ("https://127.0.0.1", 404),
        ("http://evil.example", 403),
        ("null", 403),
        ("http://localhost.evil.example", 403),
        ("file://localhost", 403),
    ],
)
async def test_a_page_of_another_origin_is_forbidden(
    http: httpx2.AsyncClient, origin: str, status: int
) -> None:
    assert await look(http, {"Origin": origin}) == status


@pytest.mark.parametrize(
    ("url", "client"), [("http://192.0.2.7:8080", "127.0.0.1"), (HERE, "192.0.2.7")]
)
async def test_a_connection_from_outside_needs_a_key_whatever_the_settings_say(
    doorman: Doorman, url: str, client: str
) -> None:
    async with calling(doorman, url, client) as http:
        assert await look(http, {"Host": "localhost"}) == 401


async def test_with_a_key_any_host_may_ask(doorman: Doorman, keys: ApiKeys) -> None:
    _, token = await keys.create("shop")
    async with calling(doorman, "http://desk.example", "192.0.2.7", "0.0.0.0") as http:  # noqa: S104 - the rule for it is tested
        assert await look(http, bearer(token)) == 404
        assert await look(http) == 401


async def test_a_server_that_others_can_reach_does_not_start_without_a_key(
    doorman: Doorman, keys: ApiKeys
) -> None:
    with pytest.raises(SettingsError, match="frontdesk key create"):
        async with calling(doorman, host="192.0.2.7"):
            pass
    await keys.create("shop")
    await require_credential(Settings(host="192.0.2.7", _env_file=None), doorman.redis)


async def test_a_key_is_stored_without_its_secret(redis: Redis, keys: ApiKeys) -> None:
    key_id, token = await keys.create("shop", "ann", name="the till")
    stored = await redis.hget(API_KEYS, key_id)
    assert stored is not None
    assert token.split("_")[2].encode() not in stored
    assert [(key.id, key.user, key.name) for key in await keys.list()] == [
        (key_id, "ann", "the till")
    ]


async def test_a_revoked_key_is_gone_and_cannot_be_revoked_again(keys: ApiKeys) -> None:
    key_id, token = await keys.create("shop")
    assert (await keys.any(), await keys.revoke(key_id)) == (True, True)
    assert (await keys.find(token), await keys.any()) == (None, False)
    assert await keys.revoke(key_id) is False


@pytest.mark.parametrize(
    ("tenant", "user", "scopes"),
    [("", None, ["chat"]), ("shop", "", ["chat"]), ("shop", None, []), ("shop", None, ["root"])],
)
async def test_a_key_with_wrong_names_or_scopes_is_not_made(
    keys: ApiKeys, tenant: str, user: str | None, scopes: list[str]
) -> None:
    with pytest.raises(InvalidRequest):
        await keys.create(tenant, user, scopes)
    assert await keys.any() is False
