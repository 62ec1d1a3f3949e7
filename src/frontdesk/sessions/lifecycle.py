"""What happens to a session as a whole: it is named, taken out, taken in."""

import secrets
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from redis.asyncio import Redis

from frontdesk.config import Settings
from frontdesk.contract.errors import NotFound
from frontdesk.contract.keys import OwnerKeys
from frontdesk.contract.turns import SessionInfo, SessionTotals, TurnRecord, TurnResult
from frontdesk.sessions.codec import dump
from frontdesk.sessions.connection import translated
from frontdesk.sessions.feedback import Feedbacks
from frontdesk.sessions.history import read_turns
from frontdesk.sessions.instants import rfc3339
from frontdesk.sessions.pins import Pins, marked, read_pins
from frontdesk.sessions.reads import PAGE, Archive
from frontdesk.sessions.scripts import Scripts
from frontdesk.sessions.sealing import Seal
from frontdesk.sessions.summaries import read_summary
from frontdesk.sessions.transfer import Transferred, head_line, turn_line
from frontdesk.sessions.window import View, next_window

NO_SESSION = "There is no such session."


class Lifecycle:
    """The sessions of all owners, one at a time, and the `feedback` on their turns."""

    def __init__(
        self, redis: Redis, scripts: Scripts, archive: Archive, pins: Pins, settings: Settings
    ) -> None:
        self._redis = redis
        self._scripts = scripts
        self._archive = archive
        self._pins = pins
        self._settings = settings
        self.feedback = Feedbacks(redis, scripts)

    async def label(
        self,
        owner: str,
        session_id: str,
        title: str | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> SessionInfo:
        """Gives a session a title, or metadata in place of what it had; None leaves them.

        Raises:
            NotFound: the owner has no such session.
        """
        fields: list[str | bytes] = []
        seal = self._scripts.sealing.of(owner)
        if title is not None:
            fields += ["title", seal.seal(title.encode())]
        if metadata is not None:
            fields += ["metadata", seal.seal(dump(metadata))]
        meta = OwnerKeys(owner).session(session_id, "meta")
        if fields and not await self._scripts.run("label", ([meta], fields)):
            raise NotFound(NO_SESSION)
        return await self._archive.info(owner, session_id)

    async def export(self, owner: str, session_id: str) -> AsyncGenerator[bytes, None]:
        """The session as JSON Lines, a page of turns at a time; turns that run are not in it.

        Raises:
            NotFound: the owner has no such session, or it was forgotten meanwhile.
        """
        yield await self._head(owner, session_id)
        keys, place, base = OwnerKeys(owner), 0, 0
        while True:
            pipe = self._redis.pipeline(transaction=True)
            pipe.hmget(keys.session(session_id, "meta"), "created", "base", "pins")
            first = max(place - base, 0)
            pipe.lrange(keys.session(session_id, "turns"), first, first + PAGE - 1)
            with translated():
                (created, found, pins), elements = await pipe.execute()
            if created is None:
                raise NotFound(NO_SESSION)
            if int(found or 0) != base:  # old turns fell off: what was read stands elsewhere
                base = int(found)
                continue
            if not elements:
                return
            records = read_turns(self._scripts.sealing.of(owner), elements)
            place = base + first
            shown = marked(records, place, read_pins(pins))
            thought = await self.feedback.of(owner, [record.id for record in shown])
            yield b"".join(map(turn_line, shown, thought))
            place += len(elements)

    async def take_in(self, owner: str, session: Transferred) -> SessionInfo:
        """Makes a new session of an exported one, under new ids. It has cost nothing yet, and
        triage holds it. Pinned turns stay pinned.

        Raises:
            InvalidRequest: its pinned turns are too many or too long.
        """
        pins = self._pins.stored(session.records)
        session_id, keys = f"sess_{secrets.token_hex(12)}", OwnerKeys(owner)
        for first in range(0, len(session.records), PAGE):
            await self._append(keys, session_id, first, session.records[first : first + PAGE])
        now, keep = rfc3339(), self._settings.session_ttl_s
        seal = self._scripts.sealing.of(owner)
        meta = keys.session(session_id, "meta")
        totals = dump(SessionTotals(len(session.records)))
        fields: dict[Any, Any] = {
            "created": now,
            "updated": now,
            "totals": totals,
            "title": seal.seal(session.title.encode()),
        }
        rest: dict[Any, Any] = {
            "metadata": seal.seal(dump(session.metadata)),
            "window": self._window(session.records),
        } | ({"pins": pins} if pins else {})
        pipe = self._redis.pipeline(transaction=True)
        pipe.hset(meta, mapping=fields | rest)
        pipe.zadd(keys.sessions, {session_id: time.time()})
        for key in (meta, keys.sessions):
            pipe.expire(key, keep)
        with translated():
            await pipe.execute()
        return await self._archive.info(owner, session_id)

    async def _append(
        self, keys: OwnerKeys, session_id: str, first: int, records: Sequence[TurnRecord]
    ) -> None:
        """Adds turns to the history. Each key has its end, so what is interrupted goes away."""
        keep, listed = self._settings.session_ttl_s, keys.session(session_id, "turns")
        pipe, seal = self._redis.pipeline(transaction=True), self._scripts.sealing.of(keys.owner)
        for place, record in enumerate(records, first):
            turn_id = f"turn_{secrets.token_hex(16)}"
            element = dump(replace(record, id=turn_id, pinned=False))
            pipe.rpush(listed, seal.seal(element, turn_id))
            turn = _turn_fields(seal, session_id, turn_id, place, record)
            pipe.hset(keys.turn(turn_id), mapping=turn)
            pipe.expire(keys.turn(turn_id), keep)
        pipe.expire(listed, keep)
        with translated():
            await pipe.execute()

    async def _head(self, owner: str, session_id: str) -> bytes:
        info = await self._archive.info(owner, session_id)
        with translated():
            meta = OwnerKeys(owner).session(session_id, "meta")
            stored: Any = await self._redis.hget(meta, "summary")
        return head_line(info, read_summary(self._scripts.sealing.of(owner), stored))

    def _window(self, records: Sequence[TurnRecord]) -> int:
        if not records:
            return 0
        budget = self._settings.context_tokens
        return next_window(0, View(), records[:-1], records[-1], budget)[0]


def _turn_fields(
    seal: Seal, session_id: str, turn_id: str, place: int, record: TurnRecord
) -> Mapping[Any, Any]:
    result = TurnResult(
        turn_id, session_id, record.status, record.answer, record.agent, record.rung
    )
    return {
        "session": session_id,
        "status": record.status,
        "result": seal.seal(dump(result)),
        "place": place,
        "fingerprint": "imported",
        "end": "0-1",
    }
