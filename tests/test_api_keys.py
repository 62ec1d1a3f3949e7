"""Keys that end, what is noted of their use, and what guessing gets."""

import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from types import FrameType
from typing import Any

import httpx2
import orjson
import pytest
from redis.asyncio import Redis
from tests.doorman import Doorman, bearer, calling, look

from frontdesk.contract.errors import InvalidRequest
from frontdesk.contract.keys import API_KEYS
from frontdesk.server import api_keys
from frontdesk.server.api_keys import ApiKeys
from frontdesk.server.audit import Audit
from frontdesk.server.refusals import MOST
from frontdesk.sessions import issued_keys

START = datetime(2026, 11, 1, tzinfo=UTC)
FILES = (api_keys.__file__, issued_keys.__file__)
DAY = timedelta(days=1)


class Clock:
    """A time that a test sets."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keys(redis: Redis, clock: Clock) -> ApiKeys:
    return ApiKeys(redis, clock)


@pytest.fixture
def doorman(redis: Redis) -> Doorman:
    return Doorman(redis)


@pytest.fixture
async def http(doorman: Doorman) -> AsyncIterator[httpx2.AsyncClient]:
    async with calling(doorman) as http:
        yield http


async def test_a_key_works_until_its_end(keys: ApiKeys, clock: Clock) -> None:
    _, token = await keys.create("shop", expires=START + DAY)
    clock.now = START + DAY - timedelta(seconds=1)
    assert await keys.find(token) is not None
    clock.now = START + DAY
    assert await keys.find(token) is None


async def test_a_key_that_has_ended_answers_as_one_that_never_was(
    http: httpx2.AsyncClient, keys: ApiKeys
) -> None:
    _, token = await keys.create("shop", expires=START + DAY)  # long ago, by the server's clock
    same = {"X-Request-Id": "same"}
    ended = await http.get("/v1/turns/t", headers=bearer(token) | same)
    never = await http.get("/v1/turns/t", headers=bearer("fd_no_no") | same)
    assert (ended.status_code, ended.content) == (401, never.content)
    assert ended.headers.items() == never.headers.items()


async def test_the_end_of_a_key_is_listed(keys: ApiKeys) -> None:
    await keys.create("shop", expires=START + DAY)
    assert [key.expires for key in await keys.list()] == ["2026-11-02T00:00:00Z"]


async def test_a_key_that_ends_in_the_past_is_not_made(keys: ApiKeys) -> None:
    with pytest.raises(InvalidRequest, match="future"):
        await keys.create("shop", expires=START)
    assert await keys.any() is False


async def test_a_key_from_before_keys_could_end_still_works(keys: ApiKeys, redis: Redis) -> None:
    key_id, token = await keys.create("shop")
    stored = orjson.loads(await redis.hget(API_KEYS, key_id) or b"")
    del stored["expires"], stored["trusts_open_webui"]
    old = orjson.dumps(stored)
    await redis.hset(API_KEYS, key_id, old)
    assert await keys.find(token) is not None


async def test_the_last_use_of_a_key_is_listed_and_goes_with_it(keys: ApiKeys) -> None:
    key_id, token = await keys.create("shop")
    assert [key.used for key in await keys.list()] == [None]
    await keys.find(token)
    assert [key.used for key in await keys.list()] == ["2026-11-01T00:00:00Z"]
    await keys.revoke(key_id)
    assert await keys.list() == ()


async def test_a_revoked_key_is_refused_by_another_process_at_its_next_request(
    doorman: Doorman, keys: ApiKeys
) -> None:
    key_id, token = await keys.create("shop")
    async with calling(doorman) as one, calling(doorman) as two:
        assert [await look(each, bearer(token)) for each in (one, two)] == [404, 404]
        await keys.revoke(key_id)
        assert [await look(each, bearer(token)) for each in (one, two)] == [401, 401]


async def test_an_address_that_guesses_is_told_to_wait_on_every_process(
    doorman: Doorman, keys: ApiKeys, redis: Redis
) -> None:
    await keys.create("shop")
    async with calling(doorman) as one, calling(doorman) as two:
        guesses = [await look(one, bearer(f"fd_{n}_no")) for n in range(MOST)]
        late = await two.get("/v1/turns/t", headers=bearer("fd_more_no"))
    assert (set(guesses), late.status_code) == ({401}, 429)
    assert 1 <= int(late.headers["Retry-After"]) <= 60
    entries = await Audit(redis).read(10)
    assert [(e.action, e.by) for e in entries[1:]] == [("sign_in.limited", "address:127.0.0.1")]


async def test_beside_an_address_that_guesses_others_come_in(
    doorman: Doorman, keys: ApiKeys
) -> None:
    _, token = await keys.create("shop")
    async with calling(doorman) as http, calling(doorman, client="192.0.2.7") as other:
        assert {await look(http, bearer(f"fd_{n}_no")) for n in range(MOST + 5)} == {401, 429}
        assert await look(http, bearer(token)) == 404  # behind the same proxy, perhaps
        assert await look(other, bearer("fd_no_no")) == 401


async def test_an_address_of_ipv6_counts_as_its_network(doorman: Doorman, keys: ApiKeys) -> None:
    await keys.create("shop")
    async with calling(doorman, client="2001:db8::1") as http:
        guesses = {await look(http, bearer(f"fd_{n}_no")) for n in range(MOST)}
    async with calling(doorman, client="2001:db8::2") as same:
        late = await look(same, bearer("fd_no_no"))
    async with calling(doorman, client="2001:db8:0:1::1") as other:
        assert (guesses, late, await look(other, bearer("fd_no_no"))) == ({401}, 429, 401)


async def test_a_caller_without_a_credential_is_no_guesser(
    http: httpx2.AsyncClient, keys: ApiKeys
) -> None:
    await keys.create("shop")
    assert {await look(http) for _ in range(MOST + 5)} == {401}


class Steps:
    """The calls that are made while a credential is looked up, in order, with what they are about:
    the length of what is hashed and compared.
    """

    def __init__(self) -> None:
        self.made: list[str] = []

    def __call__(self, frame: FrameType, event: str, argument: Any) -> None:
        if frame.f_code.co_filename in FILES and event in ("call", "c_call"):
            self.made.append(getattr(argument, "__qualname__", frame.f_code.co_name))


async def steps_of(keys: ApiKeys, token: str) -> list[str]:
    steps = Steps()
    sys.setprofile(steps)
    try:
        assert await keys.find(token) is None
    finally:
        sys.setprofile(None)
    return steps.made


async def test_a_wrong_secret_and_an_unknown_id_take_the_same_steps(keys: ApiKeys) -> None:
    key_id, token = await keys.create("shop", "ann")
    wrong = "0" * len(token.split("_")[2])
    known = await steps_of(keys, f"fd_{key_id}_{wrong}")
    unknown = await steps_of(keys, f"fd_{'0' * len(key_id)}_{wrong}")
    assert known == unknown
    assert "compare_digest" in known
    assert sum("sha256" in step for step in known) == 1
