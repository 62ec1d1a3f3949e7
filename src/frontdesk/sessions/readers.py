"""Reading the events of a turn, live or afterwards, in any process."""

import asyncio
import re
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from redis.asyncio import Redis

from frontdesk.contract.errors import (
    Draining,
    Interrupted,
    InvalidRequest,
    NotFound,
    StoreUnavailable,
)
from frontdesk.contract.events import Event, TurnEnded
from frontdesk.contract.keys import OwnerKeys
from frontdesk.contract.turns import TurnResult
from frontdesk.sessions.codec import load_event
from frontdesk.sessions.connection import patiently, translated
from frontdesk.sessions.drivers import Drivers
from frontdesk.sessions.schema import load_stored
from frontdesk.sessions.sealing import Sealing
from frontdesk.sessions.wakeups import Wakeups

PAGE = 200
RECHECK_S = 1.0
PATIENCE_LEASES = 3
SHOWN = frozenset({b"text.delta", b"tool.called", b"tool.finished"})

Place = tuple[int, int]
"""An event's id as numbers: as text, 1-10 would come before 1-2."""


@dataclass(frozen=True, slots=True)
class _Look:
    """A turn as it stands (`end` is the id of its last event, `waits` for a person) and what a
    reader has not seen.
    """

    session_id: str
    end: str
    waits: bool
    events: list[tuple[str, Event]]


class Readers:
    """The readers of this process."""

    def __init__(
        self, redis: Redis, wakeups: Wakeups, drivers: Drivers, sealing: Sealing, lease_s: float
    ) -> None:
        self._redis = redis
        self._sealing = sealing
        self._wakeups = wakeups
        self._drivers = drivers
        self._patience_s = PATIENCE_LEASES * lease_s

    async def follow(
        self, owner: str, turn_id: str, after: str | None
    ) -> AsyncGenerator[tuple[str, Event], None]:
        """The events after `after`, until the one that ends the turn."""
        last, log = _place(after), OwnerKeys(owner).events(turn_id)
        try:
            with self._wakeups.reader(log) as woken:
                async with aclosing(self._read(owner, turn_id, last, woken)) as events:
                    async for found in events:
                        yield found
        finally:
            await self._wakeups.leave(log)

    async def shown(self, owner: str, turn_id: str, after: str = "") -> bool:
        """Whether the log of a turn holds text or a tool's event after the one of this id."""
        log, first = OwnerKeys(owner).events(turn_id), f"({after}" if after else "-"
        with translated():
            while True:
                page: Any = await self._redis.xrange(log, min=first, count=PAGE)
                if any(fields[b"k"] in SHOWN for _, fields in page):
                    return True
                if len(page) < PAGE:
                    return False
                first = f"({page[-1][0].decode()}"

    async def _read(
        self, owner: str, turn_id: str, last: Place, woken: asyncio.Event
    ) -> AsyncGenerator[tuple[str, Event], None]:
        ended, alone_s = False, 0.0
        look = await self._look(owner, turn_id, last)  # a failure now is an answer, not a stream
        leaves = False
        while True:
            for event_id, event in look.events:
                last, ended = _place(event_id), isinstance(event, TurnEnded)
                yield event_id, event
            if look.end and not look.events:  # the log has run out of its time, or was read before
                ended = True
                if last < _place(look.end):
                    yield look.end, await patiently(partial(self._ending, owner, turn_id))
            elif not ended and leaves:
                raise Draining(
                    "This server is shutting down, the turn goes on: come back for the rest.",
                    retry_after_s=1,
                    turn_id=turn_id,
                )
            elif not ended and len(look.events) < PAGE:
                alone_s = await self._wait(owner, look, turn_id, woken, alone_s)
            if ended:
                return
            woken.clear()
            # Before it looks: what ends here until then is seen.
            leaves = self._drivers.leaves(owner, look.session_id)
            look = await patiently(partial(self._look, owner, turn_id, last))

    async def _look(self, owner: str, turn_id: str, last: Place) -> _Look:
        keys = OwnerKeys(owner)
        pipe = self._redis.pipeline(transaction=False)
        # In this order: a turn that has ended by now has its last event in the log read after it.
        pipe.hmget(keys.turn(turn_id), "session", "end", "status")
        pipe.xrange(keys.events(turn_id), min=f"({last[0]}-{last[1]}", count=PAGE)
        with translated():
            (session_id, end, status), entries = await pipe.execute()
        if session_id is None:
            raise NotFound("There is no such turn.")
        seal = self._sealing.of(owner)
        events = [
            (entry_id.decode(), load_event(fields[b"k"].decode(), seal.open(fields[b"d"])))
            for entry_id, fields in entries
        ]
        return _Look(session_id.decode(), end.decode() if end else "", status == b"waiting", events)

    async def _wait(
        self, owner: str, look: _Look, turn_id: str, woken: asyncio.Event, alone_s: float
    ) -> float:
        """Waits for news for a while; answers for how long nobody has held the session by now.

        Raises:
            Interrupted: so long that nobody will.
        """
        if not self._drivers.runs(owner, look.session_id):
            await self._wakeups.hear(OwnerKeys(owner).events(turn_id))
        with suppress(TimeoutError):
            async with asyncio.timeout(RECHECK_S):
                await woken.wait()
        with suppress(StoreUnavailable):
            if woken.is_set() or look.waits or await self._drivers.attended(owner, look.session_id):
                return 0.0
        if alone_s > self._patience_s:
            raise Interrupted(
                "No process runs this turn; it goes on when a frontdesk server starts."
            )
        return alone_s + RECHECK_S

    async def _ending(self, owner: str, turn_id: str) -> TurnEnded:
        with translated():
            result: Any = await self._redis.hget(OwnerKeys(owner).turn(turn_id), "result")
        if result is None:
            raise NotFound("This turn was forgotten.")
        return TurnEnded(turn_id, load_stored(TurnResult, self._sealing.of(owner).open(result)))


def _place(event_id: str | None) -> Place:
    if event_id is None:
        return 0, 0
    known = re.fullmatch(r"(\d{1,18})-(\d{1,18})", event_id)
    if not known:
        raise InvalidRequest("The id of the last event is not one that this server gave.")
    return int(known[1]), int(known[2])
