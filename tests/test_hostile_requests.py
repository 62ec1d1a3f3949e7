"""Every hostile request on every route of a real server: no 5xx, no hang, no leak, and it lives."""

import asyncio
import os
import re
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from time import perf_counter

import pytest
from redis.asyncio import Redis
from tests.hostile_requests import ALL, BODIES, Hostile
from tests.raw_http import Reply, exchange, request
from tests.redis_topologies import until
from tests.test_fleet import Server, serving

from frontdesk.asgi import create_app
from frontdesk.config import Settings
from frontdesk.server.api_keys import ApiKeys
from frontdesk.testing import FakeOpenAI

WITHIN_S = 8.0
AT_ONCE = 40
SECRET = "planted secret for these tests"
LEAKS = re.compile(rb'Traceback|File "|\.py\b|site-packages|/src/|planted|root:x:|0x[0-9a-f]{6}')
DEADLINES = {f"FRONTDESK_{name}_TIMEOUT_S": "1" for name in ("HEADER", "BODY", "IDLE", "WRITE")}
UNLIMITED = {f"FRONTDESK_REQUESTS_{of}": "0" for of in ("PER_USER", "PER_TENANT", "PER_ADDRESS")}
FAMILIES = (
    "/v1/chat",
    "/v1/chat/completions",
    "/v1/turns/{turn_id}/events",
    "/v1/sessions/{session_id}",
    "/livez",
)
EVERYWHERE = "EVERY_ROUTE" in os.environ
"""`make hostile` tries every route; else one of each family is tried."""


def routes() -> list[tuple[str, str]]:
    found = [
        (method, path)
        for route in create_app(Settings()).routes
        if (path := getattr(route, "path", ""))
        for method in sorted(getattr(route, "methods", None) or ())
    ]
    assert {path for _, path in found} >= set(FAMILIES)
    return [route for route in found if EVERYWHERE or route[1] in FAMILIES]


@pytest.fixture
async def server(
    redis_url: str, redis: Redis, upstream: FakeOpenAI, tmp_path: Path
) -> AsyncIterator[Server]:
    stored = {"REDIS_URL": redis_url, "FRONTDESK_SECRET": SECRET}
    async with serving(tmp_path, upstream, **stored, **DEADLINES, **UNLIMITED) as running:
        yield running


async def tried(port: int, case: Hostile, route: tuple[str, str], key: str) -> Counter[int]:
    """Sends one case to one route and judges what comes back."""
    method, path = route
    began = perf_counter()
    reply = await exchange(port, case.at(method, path, key), seconds=WITHIN_S)
    what = f"{case.name} at {method} {path}: {reply.data[:300]!r}"
    assert perf_counter() - began < WITHIN_S, f"no end: {what}"
    assert reply.closed, f"held open: {what}"
    check(case, reply, what, key)
    return Counter(reply.statuses)


def check(case: Hostile, reply: Reply, what: str, key: str) -> None:
    first = reply.statuses[:1]
    assert all(status < 500 for status in reply.statuses), what
    assert len(reply.statuses) <= 1, f"more than one answer: {what}"
    assert not first or first[0] in case.statuses or not_for_bodies(case, first[0]), what
    if case.statuses <= {400, 408, 431}:
        assert b"\r\nConnection: close\r\n" in reply.data, what
    assert not LEAKS.search(reply.body), f"leaks: {what}"
    assert key.encode() not in reply.body, f"tells the key: {what}"


def not_for_bodies(case: Hostile, status: int) -> bool:
    """Routes that take no body do not look at one."""
    return case in BODIES and status < 300


async def alive(port: int) -> bool:
    reply = await exchange(port, request("/livez", headers=["Connection: close"]))
    return reply.statuses == [200]


def test_there_are_more_than_a_hundred_hostile_requests() -> None:
    assert len(ALL) == len({case.name for case in ALL}) > 100


async def test_t30_t32_t33_t35_t38_t40_a_hostile_request_is_refused_and_the_server_goes_on(
    server: Server, redis: Redis
) -> None:
    _, key = await ApiKeys(redis).create("acme", scopes=("chat", "read"))
    port, room, seen = server.http.base_url.port or 0, asyncio.Semaphore(AT_ONCE), Counter[int]()

    async def one(case: Hostile, route: tuple[str, str]) -> None:
        async with room:
            seen.update(await tried(port, case, route, key))
            await until(lambda: alive(port), WITHIN_S)

    await asyncio.gather(*(one(case, route) for case in ALL for route in routes()))
    assert server.process.returncode is None
    assert seen.total() > len(ALL) * len(routes()) * 0.9, seen
