"""Conversations of OpenAI's protocol: a session, and the items of it that clients see.

The items are a list of their own beside the session's turns, in which clients may add and delete;
every turn that ends is added to it once.
"""

import hmac
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from redis.asyncio import Redis

from frontdesk.config import Settings
from frontdesk.contract.errors import InvalidRequest, NotFound
from frontdesk.contract.keys import OwnerKeys
from frontdesk.contract.turns import Item, TurnRecord
from frontdesk.sessions.codec import dump
from frontdesk.sessions.connection import translated
from frontdesk.sessions.history import read_turns
from frontdesk.sessions.instants import rfc3339
from frontdesk.sessions.lifecycle import NO_SESSION
from frontdesk.sessions.responses import Responses
from frontdesk.sessions.scripts import Scripts

PAGE = 200


@dataclass(frozen=True, slots=True)
class Unlisted:
    """Turns of a session that are not among its items yet; `place` is that of the first of them,
    counted from the session's first turn, and `listed` how far the items reach.
    """

    listed: str
    place: int
    records: tuple[TurnRecord, ...]


class Conversations:
    """The conversations of all owners, and the responses in and beside them."""

    def __init__(self, redis: Redis, scripts: Scripts, settings: Settings) -> None:
        self._redis, self._scripts = redis, scripts
        self._keep_s = settings.session_ttl_s
        self.responses = Responses(redis, scripts, settings.response_ttl_s)

    async def create(
        self, owner: str, session_id: str, metadata: Mapping[str, str], fingerprint: str
    ) -> None:
        """Makes a session without a turn; the same again is the one that there is.

        Raises:
            InvalidRequest: it was made by another request.
        """
        meta, sessions = OwnerKeys(owner).session(session_id, "meta"), OwnerKeys(owner).sessions
        now, made = rfc3339(), hmac.digest(owner.encode(), fingerprint.encode(), "sha256").hex()
        sealed = self._scripts.sealing.of(owner).seal(dump(metadata))
        fields = {"made": made, "created": now, "updated": now, "metadata": sealed}
        pipe = self._redis.pipeline(transaction=True)
        for name, value in fields.items():
            pipe.hsetnx(meta, name, value)  # type: ignore[arg-type]  # bytes are taken, too
        pipe.zadd(sessions, {session_id: time.time()}, nx=True)
        for key in (meta, sessions):
            pipe.expire(key, self._keep_s)
        pipe.hget(meta, "made")
        with translated():
            known: Any = await pipe.execute()
        if known[-1] != made.encode():
            raise InvalidRequest("The same Idempotency-Key came before with another body.")

    async def unlisted(self, owner: str, session_id: str) -> Unlisted:
        """A page of the turns that are to be added to the items.

        Raises:
            NotFound: the owner has no such session.
        """
        keys = OwnerKeys(owner)
        meta, turns = (keys.session(session_id, part) for part in ("meta", "turns"))
        with translated():
            known: Any = await self._redis.hmget(meta, "created", "base", "listed")
            if known[0] is None:
                raise NotFound(NO_SESSION)
            base, listed = int(known[1] or 0), int(known[2] or 0)
            first = max(listed - base, 0)
            raw: Any = await self._redis.lrange(turns, first, first + PAGE - 1)
        records = read_turns(self._scripts.sealing.of(owner), raw)
        return Unlisted(str(listed), base + first, records)

    async def add(
        self, owner: str, session_id: str, items: Sequence[Item], after: Unlisted | None = None
    ) -> bool:
        """Adds items to the end; with the turns that they come from, if these are not there yet:
        false when they are.

        Raises:
            NotFound: the owner has no such session.
        """
        seal = self._scripts.sealing.of(owner)
        pairs = [part for item in items for part in (item["id"], seal.seal(dump(item)))]
        reached = after.place + len(after.records) if after else 0
        told = [self._keep_s, after.listed if after else "", reached, *pairs]
        added = await self._scripts.run("itemise", (self._keys(owner, session_id), told))
        if added < 0:
            raise NotFound(NO_SESSION)
        return bool(added)

    async def ids(self, owner: str, session_id: str) -> list[str]:
        """The ids of all items, oldest first."""
        _, _, order = self._keys(owner, session_id)
        with translated():
            found: Any = await self._redis.zrange(order, 0, -1)
        return [each.decode() for each in found]

    async def read(self, owner: str, session_id: str, ids: Sequence[str]) -> tuple[Item, ...]:
        """The items of these ids; those that are gone are left out."""
        if not ids:
            return ()
        _, items, _ = self._keys(owner, session_id)
        with translated():
            found: Any = await self._redis.hmget(items, list(ids))
        seal = self._scripts.sealing.of(owner)
        return tuple(orjson.loads(seal.open(each)) for each in found if each is not None)

    async def drop(self, owner: str, session_id: str, ids: Sequence[str]) -> None:
        """Takes items out."""
        _, items, order = self._keys(owner, session_id)
        pipe = self._redis.pipeline(transaction=True)
        pipe.hdel(items, *ids)
        pipe.zrem(order, *ids)
        with translated():
            await pipe.execute()

    def _keys(self, owner: str, session_id: str) -> list[str]:
        return [OwnerKeys(owner).session(session_id, part) for part in ("meta", "items", "order")]
