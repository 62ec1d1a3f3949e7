"""Forgetting an owner: every key that carries the owner, found by looking at all keys."""

import asyncio
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from redis.asyncio import Redis

from frontdesk.contract.keys import LEASES, WAITING, OwnerKeys, owner_of
from frontdesk.sessions.connection import translated
from frontdesk.sessions.usage import forget_user

PAGE = 500
PASSES = 5
GRACE_S = 0.2  # a turn that has just ended writes its trace and answer after its end
KINDS = {
    "meta": "sessions",
    "turns": "histories",
    "inbox": "queues",
    "lease": "leases",
    "events": "events",
    "trace": "traces",
    "items": "items",
    "order": "items",
}
KEY = re.compile(r"(?:s:[^:]+:(?P<session>\w+)|t:[^:]+(?::(?P<turn>\w+))?|(?P<other>\w+)(?::.*)?)")
REPORTED = ("sessions", "turns", "events", "traces", "cache", "facts", "usage")


@dataclass(frozen=True, slots=True)
class Erased:
    """How many keys of each kind went, and how many a last look at all keys still found."""

    deleted: Mapping[str, int]
    remaining: int


class Erasure:
    """Forgets owners in one Redis, where `secret` makes their keys."""

    def __init__(self, redis: Redis, secret: bytes) -> None:
        self._redis, self._secret = redis, secret

    async def forget(self, owner: str, tenant: str) -> Erased:
        """Deletes all keys of an owner, and the owner's lines among the sums of the tenant.
        Sessions go before their turns, so that what runs is refused from there on and cannot bring
        anything back; the same call again is safe.

        It looks at every key of the store, a page at a time. Some remain only where the owner goes
        on talking meanwhile.

        Raises:
            StoreUnavailable: Redis does not answer; some keys may have gone.
        """
        deleted: Counter[str] = Counter(dict.fromkeys(REPORTED, 0))
        with translated():
            found = await self._keys(owner)
            for _ in range(PASSES):
                if not found:
                    break
                await self._delete(owner, found, deleted)
                await asyncio.sleep(GRACE_S)
                found = await self._keys(owner)
            sums = owner_of(self._secret, tenant, "")
            deleted["usage"] += await forget_user(self._redis, sums, owner)
            deleted["leases"] += await self._unlist(owner)
        return Erased({kind: deleted[kind] for kind in sorted(deleted)}, len(found))

    async def _keys(self, owner: str) -> list[str]:
        match = f"{OwnerKeys(owner).prefix}*"
        return [key.decode() async for key in self._redis.scan_iter(match=match, count=PAGE)]

    async def _delete(self, owner: str, found: Sequence[str], deleted: Counter[str]) -> None:
        kinds: dict[str, list[str]] = {}
        for key in found:
            kinds.setdefault(_kind(owner, key), []).append(key)
        # First what a running turn's commit and a waiting turn's start look for.
        for kind in sorted(kinds, key=lambda kind: (kind not in ("sessions", "queues"), kind)):
            for first in range(0, len(kinds[kind]), PAGE):
                page = kinds[kind][first : first + PAGE]
                deleted[kind] += await self._redis.unlink(*page)

    async def _unlist(self, owner: str) -> int:
        """Takes the owner's sessions and turns out of the indexes that all owners share."""
        gone, match = 0, f"{owner} *"
        for index in (LEASES, WAITING):
            found = self._redis.zscan_iter(index, match=match, count=PAGE)
            if held := [entry async for entry, _ in found]:
                gone += int(await self._redis.zrem(index, *held))
        return gone


def _kind(owner: str, key: str) -> str:
    known = KEY.fullmatch(key.removeprefix(OwnerKeys(owner).prefix))
    if known is None:
        return "other"
    if known["other"]:
        return "index" if known["other"] == "sessions" else known["other"]
    part = known["session"] or known["turn"]
    return KINDS.get(part, "other") if part else "turns"
