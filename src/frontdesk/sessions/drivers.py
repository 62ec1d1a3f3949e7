"""Drivers: the tasks that run turns, the leases that say so, and the search for turns whose driver
is gone.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import structlog
from redis.asyncio import Redis

from frontdesk.contract.errors import BrokenRecord, Fenced, StoreUnavailable
from frontdesk.contract.keys import LEASES, OwnerKeys
from frontdesk.sessions.connection import translated
from frontdesk.sessions.holds import CANCEL_MODES, Hold, read_hold
from frontdesk.sessions.scripts import Scripts, member
from frontdesk.sessions.tasks import Tasks
from frontdesk.sessions.wakeups import Wakeups

SWEEP_S = 1.0
PAUSE_S = 1.0
MOST_AT_ONCE = 200
UNKNOWN = 0.0

Turn = Callable[[Hold], Awaitable[Hold | None]]
"""Runs one turn to its end; answers the next one of the session, as `commit` does."""

logger = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Drive:
    """One driver: the hold to be renewed (None while it commits), and when its lease ends. `deaf`
    says that a cancel was told while it committed, perhaps of the turn that it went over to.
    """

    due: float
    deaf: bool = False
    hold: Hold | None = None
    task: "asyncio.Task[None] | None" = None


class Drivers:
    """The drivers of this process. `counts` says how many turns they have `recovered`, and how many
    they lost to others (`fenced`).
    """

    def __init__(self, redis: Redis, scripts: Scripts, wakeups: Wakeups, lease_s: float) -> None:
        self._redis = redis
        self._scripts = scripts
        self._wakeups = wakeups
        self._lease_s = lease_s
        self._tasks = Tasks()
        self._drives: dict[str, _Drive] = {}
        self._left: dict[str, float] = {}
        self._turn: Turn | None = None
        self.draining = False
        self.counts: Counter[str] = Counter()

    @asynccontextmanager
    async def driving(
        self, turn: Turn, drain_s: float, recovers: bool = True
    ) -> AsyncIterator[None]:
        """Runs turns with `turn`: renews their leases and, if it `recovers`, takes over those of
        dead processes.

        At the end it starts no more, waits up to `drain_s` seconds for those that run, and leaves
        the rest to be taken over.
        """
        beside = Tasks()
        self._turn, self.draining = turn, False
        beside.spawn(self._keep())
        beside.spawn(self._heed())
        sweeper = beside.spawn(self._sweep()) if recovers else None
        try:
            yield
        finally:
            self.draining = True
            if sweeper:
                sweeper.cancel()
            await self._tasks.settle(drain_s)
            await beside.settle(0)
            with suppress(StoreUnavailable):
                await self._release_left()
            self._turn = None

    def start(self, hold: Hold) -> None:
        """Runs the hold's turn, and each next one of its session, in a task."""
        if self._turn is None:
            raise RuntimeError("turns are started inside `driving`")
        drive = _Drive(hold.due)
        self._drives[member(hold.owner, hold.session_id)] = drive
        drive.task = self._tasks.spawn(self._drive(drive, hold, self._turn))

    def take(self, hold: Hold) -> None:
        """Runs the hold's turn, where this process runs turns; else another takes it over."""
        if self._turn:
            self.start(hold)

    def wake(self, log: str) -> None:
        """Tells the readers of this process that there is news in a log."""
        self._wakeups.wake(log)

    def runs(self, owner: str, session_id: str) -> bool:
        """Whether a driver of this process has the session."""
        return member(owner, session_id) in self._drives

    def committing(self, hold: Hold) -> None:
        """From here on the fence decides, and a lease that is gone is no loss."""
        drive = self._drives.get(member(hold.owner, hold.session_id))
        if drive and drive.hold and drive.hold.fence == hold.fence:
            drive.hold = None

    async def attended(self, owner: str, session_id: str) -> bool:
        """Whether somebody holds the session; if not, and this process may, it takes it over."""
        if self.runs(owner, session_id):
            return True
        with translated():
            if await self._redis.exists(OwnerKeys(owner).session(session_id, "lease")):
                return True
        if self._turn is None or self.draining:
            return False
        return await self._take_over(owner, session_id) is not None

    async def _drive(self, drive: _Drive, hold: Hold, turn: Turn) -> None:
        entry = member(hold.owner, hold.session_id)
        following: Hold | None = hold
        try:
            while following:
                drive.hold = following
                if drive.deaf:
                    self._wakeups.wake(self._scripts.process)
                following = await turn(following)
            self._left[entry] = drive.due
        except Fenced:
            self.counts["fenced"] += 1
            logger.warning("turn.taken_over", turn=drive.hold and drive.hold.turn_id)
        finally:
            if self._drives.get(entry) is drive:
                del self._drives[entry]

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(self._lease_s / 3)
            try:
                await self._renew()
                await self._release_left()
            except StoreUnavailable:
                logger.warning("leases.not_renewed")

    async def _heed(self) -> None:
        """A cancel must not wait for the next renewal: others tell it on this process's channel."""
        channel = self._scripts.process
        try:
            with self._wakeups.reader(channel) as woken:
                while True:
                    await self._heed_once(channel, woken)
        finally:
            await self._wakeups.leave(channel)

    async def _heed_once(self, channel: str, woken: asyncio.Event) -> None:
        try:
            await self._wakeups.hear(channel)
            await woken.wait()
            woken.clear()
            for drive in self._drives.values():
                drive.deaf = drive.hold is None
            await self._renew()
        except StoreUnavailable:
            logger.warning("cancels.not_heard")
            await asyncio.sleep(PAUSE_S)

    async def _renew(self) -> None:
        held = [(entry, drive) for entry, drive in self._drives.items() if drive.hold]
        for first in range(0, len(held), MOST_AT_ONCE):
            await self._renew_some(dict(held[first : first + MOST_AT_ONCE]))

    async def _renew_some(self, drives: Mapping[str, _Drive]) -> None:
        holds = {entry: drive.hold for entry, drive in drives.items() if drive.hold}
        due = time.time() + self._lease_s
        calls = [
            self._scripts.call(
                *(hold.owner, hold.session_id, hold.turn_id, hold.turn_id, hold.fence),
                holder=hold.holder,
            )
            for hold in holds.values()
        ]
        kept = await self._scripts.run_indexed("renew", calls, dict.fromkeys(holds, due))
        for (entry, hold), answer in zip(holds.items(), kept, strict=True):
            drive = drives[entry]
            drive.due = due
            if isinstance(answer, bytes):
                hold.cancellation.ask(CANCEL_MODES[answer])
            elif not answer and drive.hold is hold and drive.task:
                self.counts["fenced"] += 1
                logger.warning("lease.lost", turn=hold.turn_id)
                drive.task.cancel()

    async def _release_left(self) -> None:
        left, self._left = self._left, {}
        if left:
            await self._release(left)

    async def _release(self, seen: Mapping[str, float]) -> None:
        pairs = [part for entry, score in seen.items() for part in (entry, repr(score))]
        await self._scripts.run("release", ([LEASES], pairs))

    async def _sweep(self) -> None:
        while not self.draining:
            try:
                await self._sweep_once()
            except StoreUnavailable:
                logger.warning("sweep.interrupted")
            await asyncio.sleep(min(SWEEP_S, self._lease_s / 3))

    async def _sweep_once(self) -> None:
        while expired := await self._expired():
            dues = await asyncio.gather(*(self._swept(entry) for entry, _ in expired))
            found = zip(expired, dues, strict=True)
            if empty := {entry: score for (entry, score), due in found if due is None}:
                await self._release(empty)
            if UNKNOWN in dues:
                return

    async def _swept(self, entry: str) -> float | None:
        """One session that cannot be taken over now must not stand in the way of the others."""
        owner, _, session_id = entry.partition(" ")
        try:
            return await self._take_over(owner, session_id)
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
        return [(entry, score) for entry, score in expired if entry not in self._drives]

    async def _take_over(self, owner: str, session_id: str) -> float | None:
        """Runs what a session has to run, if nobody does: when its lease ends, or None when there
        is nothing to run.
        """
        holder, now = self._scripts.new_holder(), time.time()
        call = self._scripts.call(owner, session_id, "", holder=holder)
        answer: list[Any] = await self._scripts.run("recover", call)
        if answer[0] == b"empty":
            return None
        due = now + (answer[1] / 1000 if answer[0] == b"held" else self._lease_s)
        with translated():
            await self._redis.zadd(LEASES, {member(owner, session_id): due})
        if answer[0] == b"run":
            seal = self._scripts.sealing.of(owner)
            hold = read_hold(seal, session_id, holder, due, answer)
            self.counts["recovered"] += 1
            logger.info("turn.recovered", turn=hold.turn_id, tries=hold.tries)
            self.start(hold)
        return due
