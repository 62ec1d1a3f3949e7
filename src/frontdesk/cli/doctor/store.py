"""Checks of Redis: what it is, whether it keeps what it is given, how far away it is."""

import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from redis.exceptions import ResponseError

from frontdesk.cli.doctor.surroundings import Surroundings
from frontdesk.cli.screen import ms
from frontdesk.contract.errors import SettingsError, StoreUnavailable
from frontdesk.contract.findings import Finding, failed, passed, warned
from frontdesk.sessions.addresses import read_address
from frontdesk.sessions.connection import translated

LEAST_VERSION = (7, 0)
PINGS = 50
SLOW_P50_MS, SLOW_P99_MS = 5.0, 50.0
WARN_DRIFT_S, FAIL_DRIFT_S = 1.0, 30.0


async def reachable(around: Surroundings) -> Finding:
    """Whether it answers, and is new enough."""
    address = place(around.settings.redis_url)
    try:
        with translated():
            return engine(await around.redis.info("server"), address)
    except StoreUnavailable as error:
        return failed(f"{address}: no answer", error.detail)


def engine(told: Mapping[str, Any], address: str) -> Finding:
    """Family and version, as `INFO server` tells them. Valkey has never been older than 7.2."""
    valkey = told.get("valkey_version")
    family, version = ("valkey", valkey) if valkey else ("redis", told["redis_version"])
    said = f"{family} {version}, {address}"
    if tuple(int(part) for part in str(version).split(".")[:2]) < LEAST_VERSION:
        return failed(said, "Upgrade it: Redis 7.0 or newer, or Valkey.")
    return passed(said)


async def persistence(around: Surroundings) -> Finding:
    """Whether a restart keeps the data."""
    with translated():
        told = await around.redis.info("persistence")
    if told["aof_enabled"]:
        return _written("append-only file", told["aof_last_write_status"])
    try:
        with translated():
            snapshots = (await around.redis.config_get("save")).get("save", "")
    except ResponseError:
        return warned(
            "no append-only file; CONFIG is not allowed, so snapshots are not known",
            "Ask whoever runs this Redis whether a restart keeps its data.",
        )
    if not snapshots:
        return failed(
            "neither append-only file nor snapshots",
            "A restart would forget all sessions and API keys: set `appendonly yes`.",
        )
    return _written(f"snapshots ({snapshots})", told["rdb_last_bgsave_status"])


def _written(how: str, last: str) -> Finding:
    if last == "ok":
        return passed(how)
    return failed(f"{how}; the last write failed", "See Redis' log; mostly its disk is full.")


async def eviction(around: Surroundings) -> Finding:
    """Whether it deletes sessions when its memory is full: all of them have a time to live, so
    `volatile-*` takes them as `allkeys-*` does.
    """
    with translated():
        told = await around.redis.info("memory")
    policy, limit = told["maxmemory_policy"], told["maxmemory_human"]
    said = f"{policy}, maxmemory {limit if told['maxmemory'] else 'unlimited'}"
    if policy == "noeviction":
        return passed(said)
    return failed(
        said,
        "When memory is full it silently deletes sessions: set `maxmemory-policy noeviction`.",
    )


async def latency(around: Surroundings) -> Finding:
    """How long a round trip takes."""
    took = []
    for _ in range(PINGS):
        began = time.perf_counter()
        with translated():
            await around.redis.ping()
        took.append((time.perf_counter() - began) * 1000)
    took.sort()
    return pace(took[PINGS // 2], took[-1])


def pace(p50_ms: float, p99_ms: float) -> Finding:
    """Whether these round trips, in milliseconds, are quick enough for several in each turn."""
    said = f"{PINGS} PINGs: p50 {ms(p50_ms)}, p99 {ms(p99_ms)}"
    if p50_ms > SLOW_P50_MS or p99_ms > SLOW_P99_MS:
        return warned(said, "Run frontdesk near its Redis, and see what else keeps Redis busy.")
    return passed(said)


async def clock(around: Surroundings) -> Finding:
    """Whether this host and Redis agree on the time."""
    began = time.time()
    with translated():
        seconds, microseconds = await around.redis.time()
    return drift(seconds + microseconds / 1e6 - (began + time.time()) / 2)


def drift(seconds: float) -> Finding:
    """Whether a difference of the clocks is one that leases and traces can live with."""
    said = f"Redis is {abs(seconds):.3f} s {'ahead' if seconds > 0 else 'behind'}"
    advice = "Set both clocks (NTP): a wrong one takes turns over that still run."
    if abs(seconds) > FAIL_DRIFT_S:
        return failed(said, advice)
    return warned(said, advice) if abs(seconds) > WARN_DRIFT_S else passed(said)


def place(url: str | None) -> str:
    """Where a Redis URL points, without its user, password and options."""
    if url is None:
        return "embedded"
    try:
        parts, nodes = urlsplit(url), read_address(url).nodes
        if nodes:
            hosts = ",".join(f"{host}:{port}" for host, port in nodes)
        else:
            hosts = (parts.hostname or "") + (f":{parts.port}" if parts.port else "")
    except (ValueError, SettingsError):
        return "an address that is none"
    return f"{parts.scheme}://{hosts}{parts.path}"
