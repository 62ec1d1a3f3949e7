"""Pinned turns: what the user has picked to stay in a session's window when it moves."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from redis.asyncio import Redis

from frontdesk.config import Settings
from frontdesk.contract.errors import InvalidRequest, NotFound
from frontdesk.contract.keys import OwnerKeys
from frontdesk.contract.turns import TurnRecord
from frontdesk.sessions.connection import translated
from frontdesk.sessions.history import read_turns
from frontdesk.sessions.scripts import Scripts

MOST_PINNED = 16
SHARE = 4
NO_TURN = "There is no such turn."


class Pins:
    """The pins of all sessions, each in the session's own record. Together the pinned turns of one
    take at most a quarter of `FRONTDESK_CONTEXT_TOKENS`.
    """

    def __init__(self, redis: Redis, scripts: Scripts, settings: Settings) -> None:
        self._redis = redis
        self._scripts = scripts
        self._most_tokens = settings.context_tokens // SHARE

    async def pin(self, owner: str, turn_id: str) -> TurnRecord:
        """Pins a turn; one that is pinned already stays so.

        Raises:
            NotFound: the owner has no such turn.
            InvalidRequest: it has not ended, models are never shown it, or the pinned turns would
                be too many or too long.
            StoreUnreadable: its key is missing.
        """
        session_id, place, record = await self._find(owner, turn_id)
        if not record.items:
            raise InvalidRequest("Models are never shown this turn: there is nothing to pin.")
        told = [place, record.tokens, MOST_PINNED, self._most_tokens]
        self._allow(await self._run(owner, session_id, told))
        return replace(record, pinned=True)

    async def unpin(self, owner: str, turn_id: str) -> TurnRecord:
        """Takes a turn's pin away; one without stays as it is.

        Raises:
            NotFound: the owner has no such turn.
            InvalidRequest: it has not ended.
            StoreUnreadable: its key is missing.
        """
        session_id, place, record = await self._find(owner, turn_id)
        await self._run(owner, session_id, [place, "", 0, 0])
        return record

    def stored(self, records: Iterable[TurnRecord]) -> str:
        """The pins of a whole history as a session keeps them.

        Raises:
            InvalidRequest: the pinned turns are too many or too long.
        """
        pinned = [(place, record) for place, record in enumerate(records) if record.pinned]
        pinned = [(place, record) for place, record in pinned if record.items]
        too_long = sum(record.tokens for _, record in pinned) > self._most_tokens
        self._allow(-1 if len(pinned) > MOST_PINNED else -2 if too_long else 1)
        return " ".join(f"{place}:{record.tokens}" for place, record in pinned)

    def _allow(self, done: int) -> None:
        if done == -1:
            raise InvalidRequest(f"At most {MOST_PINNED} turns of a session may be pinned.")
        if done == -2:
            raise InvalidRequest(
                f"The pinned turns of a session may have {self._most_tokens} tokens together, a "
                "quarter of what models are shown: unpin others first, or pin a shorter one."
            )

    async def _run(self, owner: str, session_id: str, told: list[Any]) -> int:
        meta = OwnerKeys(owner).session(session_id, "meta")
        done = int(await self._scripts.run("pin", ([meta], told)))
        if done == 0:
            raise NotFound(NO_TURN)
        return done

    async def _find(self, owner: str, turn_id: str) -> tuple[str, int, TurnRecord]:
        """The session of a turn, its place there and its record."""
        keys = OwnerKeys(owner)
        with translated():
            found: Any = await self._redis.hmget(keys.turn(turn_id), "session", "place")
            if found[0] is None:
                raise NotFound(NO_TURN)
            if found[1] is None:
                raise InvalidRequest("This turn has not ended: pin it when it has.")
            session_id, place = found[0].decode(), int(found[1])
            base: Any = await self._redis.hget(keys.session(session_id, "meta"), "base")
            index = place - int(base or 0)
            listed = keys.session(session_id, "turns")
            element: Any = await self._redis.lindex(listed, index) if index >= 0 else None
        (record,) = read_turns(self._scripts.sealing.of(owner), [element]) if element else (None,)
        if record is None or record.id != turn_id:
            raise NotFound(NO_TURN)
        return session_id, place, record


def read_pins(stored: bytes | None) -> frozenset[int]:
    """The places of a session's pinned turns, counted from its first turn."""
    return frozenset(int(pin.partition(b":")[0]) for pin in (stored or b"").split())


def marked(
    records: Sequence[TurnRecord], start: int, pins: Iterable[int]
) -> tuple[TurnRecord, ...]:
    """The records from the place `start` on, the pinned ones marked."""
    pinned = {place - start for place in pins if 0 <= place - start < len(records)}
    if not pinned:
        return tuple(records)
    return tuple(replace(r, pinned=True) if n in pinned else r for n, r in enumerate(records))


def distinct(early: Iterable[TurnRecord], window: Iterable[TurnRecord]) -> tuple[TurnRecord, ...]:
    """Pinned turns from before the window, with call ids that no other turn shown has: some servers
    number theirs anew, and later calls were given theirs while these turns were not shown.
    """
    taken = set[str]().union(*map(_call_ids, window))
    shown: list[TurnRecord] = []
    for record in early:
        shown.append(_renamed(record) if taken & _call_ids(record) else record)
        taken |= _call_ids(shown[-1])
    return tuple(shown)


def _call_ids(record: TurnRecord) -> set[str]:
    return {str(item["call_id"]) for item in record.items if "call_id" in item}


def _renamed(record: TurnRecord) -> TurnRecord:
    digest = hashlib.sha256(f"pinned {record.id}".encode()).hexdigest()[:16]
    names = {old: f"call_{digest}_{n}" for n, old in enumerate(sorted(_call_ids(record)))}
    items = (
        {**item, "call_id": names[str(item["call_id"])]} if "call_id" in item else item
        for item in record.items
    )
    return replace(record, items=tuple(items))
