"""Drivers: the tasks that run turns, and the leases that say so."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import structlog
from redis.asyncio import Redis

from frontdesk.contract.errors import Fenced, StoreUnavailable
from frontdesk.contract.keys import OwnerKeys
from frontdesk.sessions.connection import translated
from frontdesk.sessions.holds import CANCEL_MODES, Hold
from frontdesk.sessions.scripts import Scripts, member
from frontdesk.sessions.takeovers import Place, Takeovers
from frontdesk.sessions.tasks import Tasks
from frontdesk.sessions.wakeups import Wakeups

PAUSE_S = 1.0
MOST_AT_ONCE = 200

COMMIT_S = 5.0

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
        self._tasks, self._beside = Tasks(), Tasks()
        self._drives: dict[str, _Drive] = {}
        self._left: dict[str, float] = {}
        self._turn: Turn | None = None
        self._takeovers = Takeovers(
            redis, scripts, lease_s, lambda entry: entry in self._drives, self._recovered
        )
        self._works = True
        self._sweeper: asyncio.Task[None] | None = None
        self.draining = False
        self.counts: Counter[str] = Counter()

    @asynccontextmanager
    async def driving(
        self,
        turn: Turn,
        drain_s: float,
        recovers: bool = True,
        place: Place | None = None,
        works: bool = True,
    ) -> AsyncIterator[None]:
        """Runs turns with `turn`: renews their leases and, if it `recovers`, takes over those of
        dead processes. Turns in the background are for the workers, where `place` reaches them;
        this process is one of them if it `works`. At the end it drains.
        """
        self._turn, self.draining = turn, False
        self._takeovers.place, self._works = place, works
        self._beside.spawn(self._keep())
        self._beside.spawn(self._heed())
        self._sweeper = self._beside.spawn(self._takeovers.sweep()) if recovers else None
        try:
            yield
        finally:
            await self.drain(drain_s)
            await self._beside.settle(0)
            with suppress(StoreUnavailable):
                await self._release_left()
            self._turn = None

    async def drain(self, seconds: float) -> None:
        """Starts no more turns, waits for those that run up to so many seconds, and hands the rest
        over to other processes.
        """
        self.draining = True
        if self._sweeper:
            self._sweeper.cancel()
        await self._tasks.wait(seconds)
        left = [drive for drive in self._drives.values() if drive.hold and drive.task]
        holds = [drive.hold for drive in left if drive.hold]
        for drive in left:
            assert drive.task
            drive.task.cancel()
        await self._tasks.settle(COMMIT_S)
        for hold in holds:
            with suppress(StoreUnavailable):
                workers = self._for_workers(hold)
                await self._takeovers.give(hold, begun=True, workers=workers)

    def start(self, hold: Hold) -> bool:
        """Runs the hold's turn, and each next one of its session, in a task; false for a turn that
        is for the workers, who are asked.
        """
        if self._turn is None:
            raise RuntimeError("turns are started inside `driving`")
        if self._for_workers(hold) and not self._works:
            self._beside.spawn(self._takeovers.give(hold, begun=False, workers=True))
            return False
        drive = _Drive(hold.due)
        self._drives[member(hold.owner, hold.session_id)] = drive
        drive.task = self._tasks.spawn(self._drive(drive, hold, self._turn))
        return True

    def parted(self, turn: Turn) -> Turn:
        """Running a turn, where a next one that is for the workers goes to them."""

        async def run(hold: Hold) -> Hold | None:
            following = await turn(hold)
            if following and self._for_workers(following) and not self._works:
                await self._takeovers.give(following, begun=False, workers=True)
                return None
            return following

        return run

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

    def leaves(self, owner: str, session_id: str) -> bool:
        """Whether this process shuts down and has no driver for the session, so that its readers
        had better go elsewhere.
        """
        return self.draining and not self.runs(owner, session_id)

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
        return await self._takeovers.take_over(owner, session_id) is not None

    async def work(self, owner: str, session_id: str) -> bool:
        """Runs what a session has to run, if nobody does, to its end; whether this process may.

        Raises:
            StoreUnavailable: Redis does not answer.
        """
        if self._turn is None or self.draining:
            return False
        entry = member(owner, session_id)
        if entry not in self._drives:
            await self._takeovers.take_over(owner, session_id, works=True)
        if (drive := self._drives.get(entry)) and drive.task:
            await asyncio.wait([drive.task])
        return True

    def _recovered(self, hold: Hold) -> None:
        self.counts["recovered"] += 1
        self.start(hold)

    def _for_workers(self, hold: Hold) -> bool:
        """Whether a turn is for the workers; one that shall only end, ends anywhere."""
        placed = self._takeovers.place and hold.message.background
        return bool(placed and not hold.cancellation.mode)

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
            await self._takeovers.release(left)
