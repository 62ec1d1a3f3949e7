"""The connection to Redis, in each of its forms, and its failures told as ours."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TypeVar, cast

from redis.asyncio import Redis
from redis.exceptions import (
    AuthenticationError,
    BusyLoadingError,
    ClusterError,
    ConnectionError,
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    ResponseError,
    TimeoutError,
    TryAgainError,
)

from frontdesk.contract.errors import BrokenRecord, StoreUnavailable
from frontdesk.sessions.addresses import Address, read_address
from frontdesk.sessions.clients import cluster, master, sentinels, server

PATIENCE_S = 30.0
PAUSE_S = 0.2
PASSING = ("MISCONF", "NOREPLICAS", "BUSY ", "MASTERDOWN", "CLUSTERDOWN", "READONLY", "LOADING")
"""Answers that a server gives while something is wrong with it, not with the command."""

Answer = TypeVar("Answer")


@asynccontextmanager
async def open_redis(url: str) -> AsyncIterator[Redis]:
    """A client for what the URL names: one server, a cluster, or the master that Sentinels know.
    It answers bytes, and connects when it is first used.

    A caller waits for a free connection instead of failing; a command is tried again for up to two
    seconds: so every script must give the same answer when it is repeated.

    Raises:
        SettingsError: the URL is not one of Redis.
    """
    address = read_address(url)
    async with _opened(address) as redis:
        yield redis


@asynccontextmanager
async def _opened(address: Address) -> AsyncIterator[Redis]:
    if address.kind == "sentinel":
        async with sentinels(address) as known, master(known, address) as redis:
            yield redis
    elif address.kind == "server":
        async with server(address) as redis:
            yield redis
    else:
        nodes = cluster(address)
        try:
            # Not the same class, but the same calls, as far as they are used here.
            yield cast("Redis", nodes)
        finally:
            await nodes.close_all()


@contextmanager
def translated() -> Iterator[None]:
    """Tells redis-py's failures as ours.

    Raises:
        StoreUnavailable: Redis does not answer, is loading, is full or takes no writes.
        BrokenRecord: a key is not of the type that frontdesk gave it.
    """
    try:
        yield
    except OutOfMemoryError as error:
        raise StoreUnavailable(
            "Redis is out of memory and takes no writes: raise its maxmemory.", retry_after_s=30
        ) from error
    except (AuthenticationError, NoPermissionError) as error:
        raise StoreUnavailable(
            "Redis refuses the user of REDIS_URL, or what it may do; see docs/operations.md.",
            retry_after_s=30,
        ) from error
    except (ReadOnlyError, BusyLoadingError, ClusterError, TryAgainError) as error:
        raise _changing() from error
    except (ConnectionError, TimeoutError) as error:
        raise StoreUnavailable(
            "Redis does not answer; check that it runs and that REDIS_URL is right.",
            retry_after_s=2,
        ) from error
    except ResponseError as error:
        raise (_of_its_answer(str(error)) or error) from error


async def patiently(work: Callable[[], Awaitable[Answer]]) -> Answer:
    """Repeats what has begun already until Redis answers: a failover must not cost a turn.

    Raises:
        StoreUnavailable: it has not come back within `PATIENCE_S`.
    """
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            return await work()
        except StoreUnavailable:
            if time.monotonic() > deadline:
                raise
        await asyncio.sleep(PAUSE_S)


def _changing() -> StoreUnavailable:
    return StoreUnavailable(
        "Redis is starting or changing over; try again in a moment.", retry_after_s=5
    )


def _of_its_answer(said: str) -> StoreUnavailable | BrokenRecord | None:
    if said.startswith(PASSING):
        return _changing()
    if "WRONGTYPE" in said:
        return BrokenRecord("What Redis holds there is not what frontdesk wrote.")
    return None
