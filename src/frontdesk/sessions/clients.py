"""redis-py's clients, made bounded: no call waits longer than `DEADLINE_S`, none takes more
connections than there may be, and whatever goes wrong is a `RedisError`.
"""

import asyncio
import builtins
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any

from hiredis import pack_command
from redis.asyncio import (
    BlockingConnectionPool,
    Connection,
    ConnectionPool,
    Redis,
    RedisCluster,
    SSLConnection,
    UnixDomainSocketConnection,
)
from redis.asyncio.client import Pipeline
from redis.asyncio.cluster import ClusterNode, ClusterPipeline
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel, SentinelConnectionPool
from redis.backoff import ExponentialWithJitterBackoff, NoBackoff
from redis.connection import HiredisRespSerializer
from redis.exceptions import ClusterDownError, ConnectionError, RedisClusterException, TimeoutError

from frontdesk.sessions.addresses import Address

CONNECTIONS = 32
TIMEOUT_S = 1.0
DEADLINE_S = 2.0
AHEAD_S, LATE_S, MOST_DELAYS = 0.005, 0.02, 10
"""A call's bound is looked at so long before it comes up; if the look is so late, it is put off."""
RETRIES = 3
PAUSES_S = (0.1, 0.2, 0.4)
MOST_PER_NODE = 256  # never reached: commands and pipelines have half as much room together

_LIMITS: dict[str, Any] = {
    "socket_timeout": TIMEOUT_S,
    "socket_connect_timeout": TIMEOUT_S,
    "health_check_interval": 30,
}


@asynccontextmanager
async def in_time() -> AsyncIterator[None]:
    """A bound for one call: redis-py alone tries each node, each address, again and again.

    Raises:
        TimeoutError: redis-py's, when it takes longer than `DEADLINE_S`.
    """
    try:
        async with asyncio.timeout(DEADLINE_S) as bound:
            with _Watch(bound):
                yield
    except builtins.TimeoutError:
        raise TimeoutError("no answer in time") from None


class _Watch:
    """Puts a bound off when it comes up late: a process that is too busy to listen must not take
    its own delay for one of Redis.
    """

    def __init__(self, bound: asyncio.Timeout) -> None:
        self._bound, self._loop, self._left = bound, asyncio.get_running_loop(), MOST_DELAYS

    def __enter__(self) -> None:
        self._due = (self._bound.when() or 0.0) - AHEAD_S
        self._handle = self._loop.call_at(self._due, self._look)

    def __exit__(self, *_exception: object) -> None:
        self._handle.cancel()

    def _look(self) -> None:
        now = self._loop.time()
        if now - self._due > LATE_S and self._left:
            self._left -= 1
            self._bound.reschedule(now + DEADLINE_S)
            self.__enter__()


@contextmanager
def told_as_ours() -> Iterator[None]:
    """Some failures of a cluster are no `RedisError`; a connection that is closed while another
    call uses it even has an `AttributeError`.
    """
    try:
        yield
    except (RedisClusterException, AttributeError) as error:
        raise ConnectionError(f"the cluster failed: {type(error).__name__}") from error


class _Client(Redis):
    """Callers wait for room before they ask the pool: its own way of waiting costs more than all
    the rest of a call.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.room = asyncio.Semaphore(CONNECTIONS)

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        try:
            async with asyncio.timeout(DEADLINE_S) as bound:
                with _Watch(bound):
                    return await self._once(*args, **options)
        except builtins.TimeoutError:
            raise TimeoutError("no answer in time") from None

    async def _once(self, *args: Any, **options: Any) -> Any:
        async with self.room:
            return await super().execute_command(*args, **options)  # type: ignore[no-untyped-call]  # so it is there

    def pipeline(self, transaction: bool = True, shard_hint: str | None = None) -> Pipeline:
        return _Batch(self, transaction, shard_hint)


class _Batch(Pipeline):
    def __init__(self, client: _Client, transaction: bool, shard_hint: str | None) -> None:
        pool, callbacks = client.connection_pool, client.response_callbacks
        super().__init__(pool, callbacks, transaction, shard_hint)
        self._room = client.room

    async def execute(self, raise_on_error: bool = True) -> list[Any]:
        async with in_time(), self._room:
            return await super().execute(raise_on_error)


_PACKER = HiredisRespSerializer()


class _Packed:
    """Commands packed by hiredis, as redis-py's blocking connections do: five times as fast."""

    def pack_command(self, *args: Any) -> list[bytes]:
        if args[0] == "EVALSHA":  # our scripts: nothing that the packer would have to prepare
            return [pack_command(args)]
        return list(_PACKER.pack(*args))

    def pack_commands(self, commands: Iterable[Any]) -> list[bytes]:
        return [b"".join(part for command in commands for part in _PACKER.pack(*command))]


class _Tcp(_Packed, Connection):
    pass


class _Tls(_Packed, SSLConnection):
    pass


class _Unix(_Packed, UnixDomainSocketConnection):
    pass


_KINDS = {SSLConnection: _Tls, UnixDomainSocketConnection: _Unix}


class _Cluster(RedisCluster):
    """redis-py's nodes raise when they run out of connections, and its retries come all at once;
    here callers wait for room, and the retries for a replica to take over.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(max_connections=MOST_PER_NODE, **options)
        self.commands, self.pipelines = asyncio.Semaphore(64), asyncio.Semaphore(64)

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        async with in_time(), self.commands:
            for pause_s in PAUSES_S:
                with suppress(ConnectionError, TimeoutError, ClusterDownError):
                    return await self._once(*args, **options)
                await asyncio.sleep(pause_s)
            return await self._once(*args, **options)

    async def _once(self, *args: Any, **options: Any) -> Any:
        with told_as_ours():
            await self.initialize()  # redis-py sends what comes before that to any node
            return await super().execute_command(*args, **options)

    async def close_all(self) -> None:
        """Closes every connection; `aclose` closes none when the last call has failed."""
        await self.aclose()
        for nodes in ("nodes_cache", "startup_nodes"):
            await self.nodes_manager.aclose(nodes)

    def pipeline(self, transaction: Any = None, shard_hint: Any = None) -> ClusterPipeline:
        return _ClusterBatch(self, transaction)  # type: ignore[abstract]  # as redis-py's own is


class _ClusterBatch(ClusterPipeline):
    """Commands wait for `execute`: what redis-py does for one of a transaction before that runs in
    a loop of another thread, where the client's locks cannot be taken.
    """

    cluster_client: _Cluster

    def __init__(self, client: _Cluster, transaction: bool | None) -> None:
        super().__init__(client, transaction)
        self._kept: list[tuple[tuple[Any, ...], dict[str, Any]]] = []

    def execute_command(self, *args: Any, **options: Any) -> Any:
        self._kept.append((args, options))
        return self

    async def execute(
        self, raise_on_error: bool = True, allow_redirections: bool = True
    ) -> list[Any]:
        async with in_time(), self.cluster_client.pipelines:
            with told_as_ours():
                await self.cluster_client.initialize()
                for args, options in self._kept:
                    super().execute_command(*args, **options)
                self._kept.clear()
                return await super().execute(raise_on_error, allow_redirections)


class _Sentinels(Sentinel):
    """redis-py moves the Sentinel that answered to the front of its list; callers that do so at the
    same time lose another one from it, so they ask one after the other.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)  # type: ignore[no-untyped-call]  # as it is
        self._asked = asyncio.Lock()

    async def discover_master(self, service_name: str) -> tuple[str, int]:
        async with self._asked:
            address: tuple[str, int] = await super().discover_master(service_name)
            return address


class _MasterPool(SentinelConnectionPool, BlockingConnectionPool):
    """Asks the Sentinels for the master at each connect; callers wait for a free connection."""

    async def disconnect(self, inuse_connections: bool = True) -> None:
        """At a change of the master the idle connections are closed without waiting: while
        redis-py waits for one, another caller may take and connect it, and loses it open.
        """
        if inuse_connections:
            await super().disconnect()
        else:
            for connection in self._available_connections:
                await connection.disconnect(nowait=True)


def server(address: Address) -> Redis:
    """The client of a single server."""
    options = {**_LIMITS, "max_connections": MOST_PER_NODE, "retry": _retry(), **address.options}
    kind = _KINDS.get(options.pop("connection_class", Connection), _Tcp)
    if kind is _Unix:  # nothing on the way can keep it half open: the call's own bound is enough
        options |= {"socket_timeout": None, "health_check_interval": 0}
    return _Client.from_pool(ConnectionPool(connection_class=kind, **options))


def cluster(address: Address) -> _Cluster:
    """The client of a cluster; it finds all nodes from those that it is given."""
    # After a few redirections redis-py would close all connections, in use or not.
    limits = {**_LIMITS, "health_check_interval": 0, "reinitialize_steps": 0}
    nodes = [ClusterNode(host, port) for host, port in address.nodes]
    return _Cluster(
        startup_nodes=nodes, retry=Retry(NoBackoff(), 1), **{**limits, **address.options}
    )


def sentinels(address: Address) -> Sentinel:
    """The clients of the Sentinels. The next one is asked when one does not answer quickly."""
    options = {**_LIMITS, "socket_timeout": 0.3, "socket_connect_timeout": 0.3}
    # Each tries its own retries: one inside the other they would take a minute.
    once = Retry(NoBackoff(), 0)
    options = {**options, "retry": once, **(address.sentinel_options or {})}
    return _Sentinels(address.nodes, sentinel_kwargs=options)


def master(known: Sentinel, address: Address) -> Redis:
    """The client of the master that the Sentinels name, whichever it is at the time."""
    options = {**_LIMITS, "max_connections": CONNECTIONS, "timeout": DEADLINE_S, "retry": _retry()}
    client: Redis = known.master_for(
        address.service,
        redis_class=_Client,
        connection_pool_class=_MasterPool,
        **{**options, **address.options},
    )
    return client


def _retry() -> Retry:
    return Retry(ExponentialWithJitterBackoff(cap=0.5, base=0.05), RETRIES)
