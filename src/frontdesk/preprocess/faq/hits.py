"""How often each entry of a FAQ has answered, in Redis."""

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

from redis.asyncio import Redis

from frontdesk.contract.keys import FAQ_HITS
from frontdesk.sessions.connection import translated

Hits: TypeAlias = Callable[[str], Awaitable[None]]
"""Is told the id of each entry that has answered."""


class FaqHits:
    """Counts for all processes together; `count` is a `Hits`."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def count(self, entry_id: str) -> None:
        """One more answer of this entry.

        Raises:
            StoreUnavailable: Redis does not answer.
        """
        with translated():
            await self._redis.hincrby(FAQ_HITS, entry_id, 1)

    async def read(self) -> Mapping[str, int]:
        """The answers of each entry that has answered, by id.

        Raises:
            StoreUnavailable: Redis does not answer.
        """
        with translated():
            counts = await self._redis.hgetall(FAQ_HITS)
        return {_decoded(entry_id): int(count) for entry_id, count in counts.items()}


def _decoded(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value
