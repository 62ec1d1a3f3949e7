"""What an owner can look up about sessions and turns, and have forgotten."""

import json
from collections.abc import Sequence
from typing import Any

from redis.asyncio import Redis

from frontdesk.contract.errors import NotFound
from frontdesk.contract.keys import OwnerKeys
from frontdesk.contract.turns import SessionInfo, SessionTotals, TurnRecord, TurnResult
from frontdesk.sessions.connection import translated
from frontdesk.sessions.history import read_turns
from frontdesk.sessions.pins import marked, read_pins
from frontdesk.sessions.schema import load_stored, load_turn
from frontdesk.sessions.scripts import Scripts
from frontdesk.sessions.sealing import Seal, is_sealed, label_of
from frontdesk.sessions.totals import with_summaries

TRIAGE = "triage"
FIELDS = ("created", "updated", "agent", "totals", "title", "metadata", "spent")
PAGE = 200


class Archive:
    """Sessions and turns of an owner; what is missing and what is somebody else's is `NotFound`."""

    def __init__(self, redis: Redis, scripts: Scripts) -> None:
        self._redis = redis
        self._scripts = scripts

    async def result(self, owner: str, turn_id: str) -> TurnResult:
        """A turn's result, or how it stands while it has none."""
        with translated():
            known: Any = await self._redis.hmget(
                OwnerKeys(owner).turn(turn_id), "session", "status", "result", "waits"
            )
        session_id, status, result, waits = known
        if session_id is None or status is None:
            raise NotFound("There is no such turn.")
        if status == b"waiting":
            result = waits
        if result is not None:
            return load_stored(TurnResult, self._seal(owner).open(result))
        return TurnResult(turn_id, session_id.decode(), status.decode())

    async def sessions(self, owner: str, limit: int, after: str | None) -> tuple[SessionInfo, ...]:
        """Sessions, last used first; `after` is the last one of the page before."""
        keys = OwnerKeys(owner)
        with translated():
            first = 0
            if after is not None:
                rank: Any = await self._redis.zrevrank(keys.sessions, after)
                if rank is None:
                    raise NotFound("There is no such session to go on after.")
                first = int(rank) + 1
            found: Any = await self._redis.zrevrange(
                keys.sessions, first, first + max(limit, 1) - 1
            )
            ids = [session_id.decode() for session_id in found]
            pipe = self._redis.pipeline(transaction=False)
            for session_id in ids:
                pipe.hmget(keys.session(session_id, "meta"), *FIELDS)
            metas = await pipe.execute()
        pairs, seal = zip(ids, metas, strict=True), self._seal(owner)
        return tuple(_info(seal, *pair) for pair in pairs if pair[1][0])

    async def info(self, owner: str, session_id: str) -> SessionInfo:
        """One session."""
        with translated():
            meta = await self._redis.hmget(OwnerKeys(owner).session(session_id, "meta"), *FIELDS)
        if meta[0] is None:
            raise NotFound("There is no such session.")
        return _info(self._seal(owner), session_id, meta)

    async def turns(
        self, owner: str, session_id: str, limit: int, after: str | None
    ) -> tuple[TurnRecord, ...]:
        """Turns that have ended, oldest first; `after` is the last one of the page before."""
        keys = OwnerKeys(owner)
        pipe = self._redis.pipeline(transaction=False)
        pipe.hmget(keys.session(session_id, "meta"), "created", "base", "pins")
        pipe.hmget(keys.turn(after or ""), "session", "place")
        with translated():
            (created, base, pins), (home, place) = await pipe.execute()
            if created is None:
                raise NotFound("There is no such session.")
            if after is not None and (home != session_id.encode() or place is None):
                raise NotFound("There is no such turn to go on after.")
            first = 0 if after is None else max(int(place) + 1 - int(base or 0), 0)
            listed = keys.session(session_id, "turns")
            elements: Any = await self._redis.lrange(listed, first, first + max(limit, 1) - 1)
        records = read_turns(self._seal(owner), elements)
        return marked(records, first + int(base or 0), read_pins(pins))

    async def forget(self, owner: str, session_id: str) -> int:
        """Deletes a session with all its turns; answers how many keys went.

        The session is closed first, so that what still runs in it cannot come back; when this is
        interrupted, the same call again deletes the rest.
        """
        call = self._scripts.call(owner, session_id, "", session_id)
        count = int(await self._scripts.run("forget", call))
        if count < 0:
            raise NotFound("There is no such session.")
        keys = OwnerKeys(owner)
        listed = keys.session(session_id, "turns")
        with translated():
            while True:
                elements: Any = await self._redis.lrange(listed, 0, PAGE - 1)
                if not elements:
                    return count
                pipe = self._redis.pipeline(transaction=True)
                # `pipe.unlink` is a coroutine in redis-py's pipelines of a cluster.
                pipe.execute_command("UNLINK", *_turn_keys(keys, elements))
                pipe.ltrim(listed, len(elements), -1)
                pipe.exists(listed)
                gone, _, left = await pipe.execute()
                count += gone + (0 if left else 1)

    def _seal(self, owner: str) -> Seal:
        return self._scripts.sealing.of(owner)


def _turn_keys(keys: OwnerKeys, elements: Sequence[bytes]) -> list[str]:
    ids = [_turn_of(element) for element in elements]
    whole = [key for turn in ids for key in (keys.turn(turn), keys.events(turn))]
    stems = (keys.trace, keys.results, keys.effects, keys.pending)
    beside = [stem(turn) for turn in ids for stem in stems]
    return [*whole, *(f"{key}:broken" for key in whole), *beside]


def _turn_of(element: bytes) -> str:
    """The id of a turn, also of one that no key opens."""
    return label_of(element).name if is_sealed(element) else load_turn(element).id


def _info(seal: Seal, session_id: str, meta: Sequence[Any]) -> SessionInfo:
    created, updated, agent, totals, title, metadata, spent = meta
    return SessionInfo(
        session_id,
        agent.decode() if agent else TRIAGE,
        created.decode(),
        updated.decode(),
        with_summaries(load_stored(SessionTotals, totals) if totals else SessionTotals(), spent),
        seal.open(title).decode() if title else "",
        json.loads(seal.open(metadata)) if metadata else {},
    )
