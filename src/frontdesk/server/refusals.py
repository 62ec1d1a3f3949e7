"""How often an address or a credential was refused within a minute, over all processes."""

from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis

from frontdesk.contract.keys import refused_key
from frontdesk.sessions.connection import translated

WITHIN_S = 60
MOST = 20
"""More refusals than this within `WITHIN_S` get no answer of their own."""
COUNT = """
redis.call('SET', KEYS[1], 0, 'EX', ARGV[1], 'NX')
return {redis.call('INCR', KEYS[1]), redis.call('TTL', KEYS[1])}
"""


@dataclass(frozen=True, slots=True)
class Refused:
    """The refusals so far, this one among them, and in how many seconds they are forgotten."""

    times: int
    again_s: int

    @property
    def first_too_many(self) -> bool:
        """Whether this is the one that went over."""
        return self.times == MOST + 1

    @property
    def too_many(self) -> bool:
        """Whether they have gone over."""
        return self.times > MOST


class Refusals:
    """Counters in Redis, by its own clock: a window begins with its first refusal."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def count(self, what: str) -> Refused:
        """Counts one more refusal of this.

        Raises:
            StoreUnavailable: Redis does not answer or takes no writes.
        """
        with translated():
            # A transaction of redis-py would leave a connection of a cluster open.
            answer: Any = await self._redis.eval(COUNT, 1, refused_key(what), str(WITHIN_S))
        times, again_s = answer
        return Refused(int(times), max(1, int(again_s)))
