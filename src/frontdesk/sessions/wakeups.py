"""What wakes the readers of event logs: writers of this process directly, all others through one
pub/sub connection.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress

import structlog
from redis.asyncio import Redis
from redis.asyncio.client import PubSub

from frontdesk.contract.errors import StoreUnavailable
from frontdesk.sessions.clients import in_time, told_as_ours
from frontdesk.sessions.connection import translated
from frontdesk.sessions.tasks import Tasks

PAUSE_S = 1.0

logger = structlog.get_logger(__name__)


class Wakeups:
    """Readers that wait, by the name of the log. A wake-up that is lost costs a reader a second:
    it looks by itself.
    """

    def __init__(self, redis: Redis, tasks: Tasks) -> None:
        self._redis = redis
        self._tasks = tasks
        self._readers: dict[str, set[asyncio.Event]] = {}
        self._heard: set[str] = set()
        self._pubsub: PubSub | None = None
        self._listener: asyncio.Task[None] | None = None
        self._one_at_a_time = asyncio.Lock()

    def wake(self, log: str) -> None:
        """Wakes the readers of a log in this process."""
        for reader in self._readers.get(log, ()):
            reader.set()

    @contextmanager
    def reader(self, log: str) -> Iterator[asyncio.Event]:
        """An event that is set whenever the log may have grown."""
        woken = asyncio.Event()
        self._readers.setdefault(log, set()).add(woken)
        try:
            yield woken
        finally:
            self._readers[log].discard(woken)
            if not self._readers[log]:
                del self._readers[log]

    async def hear(self, log: str) -> None:
        """Lets other processes wake the readers of a log, too."""
        async with self._one_at_a_time:
            if log in self._heard:
                return
            self._heard.add(log)
            if self._listener is None:
                self._listener = self._tasks.spawn(self._listen())
            elif self._pubsub:
                await self._tell(self._pubsub.subscribe, log)

    async def leave(self, log: str) -> None:
        """Ends `hear` when nobody here reads the log any more."""
        async with self._one_at_a_time:
            if log not in self._heard or log in self._readers:
                return
            self._heard.discard(log)
            if not self._heard and self._listener:
                listener, self._listener = self._listener, None
                await _stop(listener)
            elif self._pubsub:
                await self._tell(self._pubsub.unsubscribe, log)

    async def _tell(self, command: Callable[[str], Awaitable[object]], log: str) -> None:
        """What the connection cannot be told, the next one will be, or a reader looks by itself."""
        with suppress(StoreUnavailable), translated(), told_as_ours():
            async with in_time():
                await command(log)

    async def _listen(self) -> None:
        """On a new connection after each failure: a cluster's node may be gone for good, and a
        master may have become a replica.
        """
        while True:
            try:
                await self._hear_all()
            except StoreUnavailable:
                logger.warning("wakeups.interrupted")
            await asyncio.sleep(PAUSE_S)

    async def _hear_all(self) -> None:
        pubsub = self._redis.pubsub(ignore_subscribe_messages=True)
        try:
            with translated(), told_as_ours():
                told = frozenset(self._heard)
                async with in_time():
                    await self._redis.initialize()  # a cluster must know its nodes
                    await pubsub.subscribe(*told)
                self._pubsub = pubsub
                for log in self._heard - told:  # since then
                    await self._tell(pubsub.subscribe, log)
                async for message in pubsub.listen():
                    self.wake(message["channel"].decode())
        finally:
            self._pubsub = None
            await pubsub.aclose()  # type: ignore[no-untyped-call]  # redis-py leaves it untyped


async def _stop(listener: "asyncio.Task[None]") -> None:
    """Cancels it until it hears: Python 3.11's `wait_for`, in which redis-py connects, can lose a
    cancel that comes as it ends.
    """
    while not listener.done():
        listener.cancel()
        await asyncio.wait([listener], timeout=0.1)
