"""Limits in Redis, by its own clock: how often within a minute, and how many at once."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from itertools import groupby
from typing import Any, cast

from redis.asyncio import Redis, RedisCluster
from redis.exceptions import NoScriptError

from frontdesk.contract.errors import RateLimited
from frontdesk.sessions.connection import translated

MINUTE_MS = 60_000
WAIT_S = 2
"""When to come back for a slot: nobody knows when one gets free."""


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `most` of something, in the words of `what`: at once, or in any `window_ms`."""

    what: str
    key: str
    most: int
    window_ms: int = 0

    @property
    def slot(self) -> str:
        """The hash tag of the key: what shares it can be asked in one call."""
        return self.key[: self.key.index("}")]

    def refusal(self, wait_ms: int) -> RateLimited:
        """What is said to the one who is over the limit."""
        wait_s = -(-wait_ms // 1000) or WAIT_S
        when = "in any minute" if self.window_ms else "at once"
        return RateLimited(
            f"There may be at most {self.most} {self.what} {when}: try again in {wait_s} s.",
            retry_after_s=wait_s,
        )


class Limiter:
    """The limits of a deployment, exact over all of its processes.

    Limits that share a slot of a cluster, and outside of a cluster all, are taken in one atomic
    call; where a later slot refuses, the earlier ones are given back.
    """

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._in_slots = isinstance(cast("object", redis), RedisCluster)
        folder = files("frontdesk.budget")
        self._take, self._renew = (
            (folder / name).read_text(encoding="utf-8") for name in ("limits.lua", "renewal.lua")
        )

    async def take(self, limits: Sequence[Limit], member: str = "", lease_ms: int = 0) -> bool:
        """Counts one in each of the limits, or in none. A slot is the `member`'s, for a while;
        false when it had one already.

        Raises:
            RateLimited: one of the limits is reached.
            StoreUnavailable: Redis does not answer or takes no writes.
        """
        taken: list[tuple[Limit, int]] = []
        for group in self._groups(limits):
            told = [part for each in group for part in (each.most, each.window_ms)]
            which, said, *known = await self._run(self._take, group, member, lease_ms, *told)
            if which:
                await self._give_back(taken, member)
                raise group[which - 1].refusal(said)
            if any(known):
                return False
            taken += [(each, said) for each in group]
        return True

    async def renew(self, slots: Sequence[Limit], member: str, lease_ms: int) -> None:
        """Holds the member's slots for longer; takes them again where they are gone.

        Raises:
            StoreUnavailable: Redis does not answer or takes no writes.
        """
        for group in self._groups(slots):
            await self._run(self._renew, group, member, lease_ms)

    async def leave(self, slots: Iterable[Limit], member: str) -> None:
        """Gives the member's slots back.

        Raises:
            StoreUnavailable: Redis does not answer or takes no writes.
        """
        await self._give_back([(each, 0) for each in slots], member)

    async def _give_back(self, taken: Sequence[tuple[Limit, int]], member: str) -> None:
        if not taken:
            return
        pipe = self._redis.pipeline(transaction=False)
        for limit, at in taken:
            if limit.window_ms:
                pipe.lrem(limit.key, 1, str(at))
            else:
                pipe.zrem(limit.key, member)
        with translated():
            await pipe.execute()

    def _groups(self, limits: Sequence[Limit]) -> list[list[Limit]]:
        if not self._in_slots:
            return [list(limits)] if limits else []
        return [list(group) for _, group in groupby(limits, key=lambda each: each.slot)]

    async def _run(self, text: str, limits: Sequence[Limit], *args: Any) -> Any:
        keys = [limit.key for limit in limits]
        sha = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
        with translated():
            try:
                return await self._redis.evalsha(sha, len(keys), *keys, *args)
            except NoScriptError:  # a server that was started, promoted or added since
                return await self._redis.eval(text, len(keys), *keys, *args)
