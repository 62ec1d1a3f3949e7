"""Limits at the door: of requests and streams, by user, tenant, address and for all."""

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from redis.asyncio import Redis
from tests.app_clients import app_on, client_of
from tests.doorman import Doorman, bearer
from tests.redis_topologies import until
from tests.test_fleet import Server, serving

from frontdesk.config import Settings
from frontdesk.contract.errors import SettingsError
from frontdesk.server.addresses import behind, counted_as, read_networks
from frontdesk.server.api_keys import ApiKeys
from frontdesk.testing import FakeOpenAI

SECRET = "a secret for tests"
PARALLEL = int(os.environ.get("PARALLEL", "200"))
"""Requests at once; `make hostile` sends 1,000."""


@asynccontextmanager
async def door(
    redis: Redis, address: str = "192.0.2.1", **settings: Any
) -> AsyncIterator[httpx2.AsyncClient]:
    app = app_on(Doorman(redis), Settings(secret=SECRET, _env_file=None, **settings))
    async with client_of(app, address=address) as http:
        yield http


async def statuses(http: httpx2.AsyncClient, times: int, headers: dict[str, str]) -> Counter[int]:
    calls = (http.get("/v1/turns/turn_1", headers=headers) for _ in range(times))
    return Counter([answer.status_code for answer in await asyncio.gather(*calls)])


async def key(redis: Redis, tenant: str = "acme", *scopes: str) -> str:
    return (await ApiKeys(redis).create(tenant, scopes=(*scopes, "read")))[1]


async def test_a_refused_request_says_why_and_when_to_come_back(redis: Redis) -> None:
    headers = bearer(await key(redis))
    async with door(redis, requests_per_user=1) as http:
        await http.get("/v1/turns/turn_1", headers=headers)
        refused = await http.get("/v1/turns/turn_1", headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
    assert "at most 1 requests of one user in any minute" in refused.json()["detail"]
    assert 55 <= int(refused.headers["Retry-After"]) <= 60


async def test_t41_each_user_has_a_limit_of_its_own_however_many_keys_it_has(redis: Redis) -> None:
    keys = [await key(redis, "acme", "act-as-user") for _ in range(2)]
    async with door(redis, requests_per_user=5) as http:
        for token in keys:
            await statuses(http, 4, bearer(token, "ann"))
        assert await statuses(http, 4, bearer(keys[1], "ann")) == {429: 4}
        assert await statuses(http, 4, bearer(keys[1], "bob")) == {404: 4}


async def test_t41_a_tenant_has_a_limit_over_all_of_its_users(redis: Redis) -> None:
    acme, other = await key(redis, "acme", "act-as-user"), await key(redis, "other")
    async with door(redis, requests_per_tenant=5) as http:
        seen = [await statuses(http, 1, bearer(acme, f"user{n}")) for n in range(8)]
        assert sum(seen, Counter()) == {404: 5, 429: 3}
        assert await statuses(http, 1, bearer(other)) == {404: 1}


async def test_t41_an_address_has_a_limit_over_all_tenants_and_so_have_all(redis: Redis) -> None:
    tokens = [await key(redis, f"tenant{n}") for n in range(8)]
    limits = {"requests_per_address": 5, "requests_total": 7}
    async with door(redis, "192.0.2.1", **limits) as one, door(redis, "192.0.2.2", **limits) as two:
        seen = [await statuses(one, 1, bearer(token)) for token in tokens]
        assert sum(seen, Counter()) == {404: 5, 429: 3}
        seen = [await statuses(two, 1, bearer(token)) for token in tokens]
        assert sum(seen, Counter()) == {404: 2, 429: 6}


async def test_t41_a_forged_address_is_not_believed(redis: Redis) -> None:
    headers = bearer(await key(redis))
    async with door(redis, requests_per_address=3) as http:
        seen = [
            await statuses(http, 1, {**headers, "X-Forwarded-For": f"198.51.100.{n}"})
            for n in range(5)
        ]
    assert sum(seen, Counter()) == {404: 3, 429: 2}


async def test_t41_a_trusted_proxy_is_believed_about_the_one_before_it(redis: Redis) -> None:
    headers = bearer(await key(redis))
    proxies = {"trusted_proxies": ("10.0.0.0/8",), "requests_per_address": 3}
    async with door(redis, "10.0.0.9", **proxies) as http:
        for address in ("198.51.100.1", "198.51.100.2"):
            forged = {**headers, "X-Forwarded-For": f"203.0.113.7, {address}, 10.1.2.3"}
            assert await statuses(http, 5, forged) == {404: 3, 429: 2}


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("192.0.2.1", "198.51.100.1", "192.0.2.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "198.51.100.1, 192.0.2.7, 10.0.0.2", "192.0.2.7"),
        ("10.0.0.1", "198.51.100.1, nonsense, 10.0.0.2", "10.0.0.2"),
        ("10.0.0.1", "198.51.100.1, unknown", "10.0.0.1"),
        ("::ffff:10.0.0.1", "2001:db8::1", "2001:db8::1"),
        ("testclient", "198.51.100.1", "testclient"),
    ],
)
def test_the_address_is_the_nearest_that_no_trusted_proxy_has(
    peer: str, forwarded: str, address: str
) -> None:
    assert behind(peer, forwarded, read_networks(["10.0.0.0/8"])) == address


def test_one_subscriber_of_ipv6_is_one_address() -> None:
    assert counted_as("2001:db8::1") == counted_as("2001:db8::ffff:1") == "2001:db8::"
    assert counted_as("192.0.2.1") != counted_as("192.0.2.2")
    with pytest.raises(SettingsError, match="TRUSTED_PROXIES"):
        read_networks(["everybody"])


async def test_on_a_machine_of_ones_own_nobody_is_limited(redis: Redis) -> None:
    async with door(redis, "127.0.0.1", requests_per_user=1, requests_total=1) as http:
        assert await statuses(http, 9, {}) == {404: 9}


def shared(redis_url: str, **limits: int) -> dict[str, str]:
    given = {f"FRONTDESK_{name.upper()}": str(most) for name, most in limits.items()}
    return {"REDIS_URL": redis_url, "FRONTDESK_SECRET": SECRET, **given}


@asynccontextmanager
async def two_servers(
    redis_url: str, upstream: FakeOpenAI, folder: Path, **limits: int
) -> AsyncIterator[Sequence[Server]]:
    async with (
        serving(folder, upstream, **shared(redis_url, **limits)) as one,
        serving(folder, upstream, **shared(redis_url, **limits)) as two,
    ):
        yield one, two


async def test_t41_of_parallel_requests_to_two_processes_exactly_the_limit_passes(
    redis_url: str, redis: Redis, upstream: FakeOpenAI, tmp_path: Path
) -> None:
    headers, most = bearer(await key(redis)), PARALLEL * 2 // 5 + 1
    async with two_servers(redis_url, upstream, tmp_path, requests_per_user=most) as servers:
        seen = await asyncio.gather(
            *(statuses(server.http, PARALLEL // 2, headers) for server in servers)
        )
    assert sum(seen, Counter()) == {404: most, 429: PARALLEL - most}


async def opened(server: Server, headers: dict[str, str], stack: AsyncExitStack) -> int:
    body = {"message": "[slow:0.2] [long:200] tell me", "stream": True, "on_disconnect": "cancel"}
    asking = server.http.stream("POST", "/v1/chat", json=body, headers=headers)
    return (await stack.enter_async_context(asking)).status_code


def each(servers: Sequence[Server], times: int) -> Iterator[Server]:
    return (servers[number % len(servers)] for number in range(times))


async def test_t42_of_streams_at_once_on_two_processes_exactly_the_limit_opens(
    redis_url: str, redis: Redis, upstream: FakeOpenAI, tmp_path: Path
) -> None:
    headers = bearer(await key(redis, "acme", "chat"))

    async def none_left() -> bool:
        return not [name async for name in redis.scan_iter("fd:{*}:limit:streams*")]

    async with two_servers(redis_url, upstream, tmp_path, streams_per_user=7) as servers:
        for server in servers:  # the first turn of a process takes long
            await server.http.post("/v1/chat", json={"message": "Hello"}, headers=headers)
        async with AsyncExitStack() as stack:
            calls = (opened(server, headers, stack) for server in each(servers, 30))
            assert Counter(await asyncio.gather(*calls)) == {200: 7, 429: 23}
            assert upstream.calls <= 2 + 7  # what is refused has started nothing
        await until(none_left, 10)
