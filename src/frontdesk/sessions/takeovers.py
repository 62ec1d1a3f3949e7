"""Turns whose driver is gone: found in the index of leases, and taken over by one process."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog
from redis.asyncio import Redis

from frontdesk.contract.errors import BrokenRecord, StoreUnavailable
from frontdesk.contract.keys import LEASES
from frontdesk.sessions.connection import translated
from frontdesk.sessions.holds import Hold, read_hold
from frontdesk.sessions.scripts import Scripts, member

SWEEP_S = 1.0
MOST_AT_ONCE = 200
UNKNOWN = 0.0
PLACED_LEASES = 4

Place = Callable[[str, str, str, int], Awaitable[None]]
"""Asks the workers to run a session's turn: owner, session, turn, fence. The same again is once."""

logger = structlog.get_logger(__name__)


class Takeovers:
    """Takes turns over for one process, which `runs` some of the index and `start`s what it takes.
    `place` asks the workers, where turns in the background are theirs.
    """

    def __init__(
        self,
        redis: Redis,
        scripts: Scripts,
        lease_s: float,
        runs: Callable[[str], bool],
        start: Callable[[Hold], object],
    ) -> None:
        self._redis, self._scripts, self._lease_s = redis, scripts, lease_s
        self._runs, self._start = runs, start
        self.place: Place | None = None

    async def sweep(self) -> None:
        """Looks for turns to take over until it is cancelled."""
        while True:
            try:
                await self._sweep_once()
            except StoreUnavailable:
                logger.warning("sweep.interrupted")
            await asyncio.sleep(min(SWEEP_S, self._lease_s / 3))

    async def release(self, seen: Mapping[str, float]) -> None:
        """Takes sessions out of the index, unless somebody has entered them again since."""
        pairs = [part for entry, score in seen.items() for part in (entry, repr(score))]
        await self._scripts.run("release", ([LEASES], pairs))

    async def give(self, hold: Hold, *, begun: bool, workers: bool) -> None:
        """Gives a turn up that has `begun` here, or not: for the workers, or for whoever is there.

        Raises:
            StoreUnavailable: Redis does not answer; it is taken over when its lease ends.
        """
        call = self._scripts.call(
            *(hold.owner, hold.session_id, hold.turn_id, hold.turn_id, hold.fence),
            *(int(begun), int(workers)),
            holder=hold.holder,
        )
        if not await self._scripts.run("hand_over", call):
            return
        due = time.time() + (self._placed_s if workers else 0)
        with translated():
            await self._redis.zadd(LEASES, {member(hold.owner, hold.session_id): due})
        if workers and self.place:
            await self.place(hold.owner, hold.session_id, hold.turn_id, hold.fence)

    @property
    def _placed_s(self) -> float:
        """After which time workers are asked again for a turn that none has taken."""
        return PLACED_LEASES * self._lease_s

    async def _sweep_once(self) -> None:
        while expired := await self._expired():
            dues = await asyncio.gather(*(self._swept(entry) for entry, _ in expired))
            found = zip(expired, dues, strict=True)
            if empty := {entry: score for (entry, score), due in found if due is None}:
                await self.release(empty)
            if UNKNOWN in dues:
                return

    async def _swept(self, entry: str) -> float | None:
        """One session that cannot be taken over now must not stand in the way of the others."""
        owner, _, session_id = entry.partition(" ")
        try:
            return await self.take_over(owner, session_id, places=True)
        except (StoreUnavailable, BrokenRecord) as error:
            logger.warning("sweep.failed", session=session_id, code=error.code)
            return UNKNOWN

    async def _expired(self) -> list[tuple[str, float]]:
        with translated():
            found: Any = await self._redis.zrange(
                LEASES,
                "-inf",
                f"{time.time():.3f}",
                byscore=True,
                withscores=True,
                offset=0,
                num=MOST_AT_ONCE,
            )
        expired = ((entry.decode(), float(score)) for entry, score in found)
        # What runs here is late only because this process was; renewing it comes next.
        return [(entry, score) for entry, score in expired if not self._runs(entry)]

    async def take_over(
        self, owner: str, session_id: str, *, works: bool = False, places: bool = False
    ) -> float | None:
        """Runs what a session has to run, if nobody does: when its lease ends, or None when there
        is nothing to run. What is for workers it runs if it `works` for one of them, or asks them
        again if it `places`.
        """
        holder, now = self._scripts.new_holder(), time.time()
        works = works or self.place is None
        call = self._scripts.call(owner, session_id, "", "", int(works), holder=holder)
        answer: list[Any] = await self._scripts.run("recover", call)
        if answer[0] == b"empty":
            return None
        due = now + (answer[1] / 1000 if answer[0] == b"held" else self._lease_s)
        if answer[0] == b"placed":
            if not (places and self.place):
                return due
            await self.place(owner, session_id, answer[1].decode(), int(answer[2]))
            due = now + self._placed_s
        with translated():
            await self._redis.zadd(LEASES, {member(owner, session_id): due})
        if answer[0] == b"run":
            seal = self._scripts.sealing.of(owner)
            hold = read_hold(seal, session_id, holder, due, answer)
            logger.info("turn.recovered", turn=hold.turn_id, tries=hold.tries)
            self._start(hold)
        return due
