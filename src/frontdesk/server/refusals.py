"""How often an address or a credential was refused within a minute, over all processes."""

from dataclasses import dataclass

from redis.asyncio import Redis

from frontdesk.contract.keys import refused_key
from frontdesk.sessions.connection import translated

WITHIN_S = 60
MOST = 20
"""More refusals than this within `WITHIN_S` get no answer of their own."""


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
        key = refused_key(what)
        pipe = self._redis.pipeline(transaction=True)
        pipe.set(key, 0, ex=WITHIN_S, nx=True)
        pipe.incr(key)
        pipe.ttl(key)
        with translated():
            _, times, again_s = await pipe.execute()
        return Refused(int(times), max(1, int(again_s)))
