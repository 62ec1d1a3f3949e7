"""Turns that wait for a person: stored by one process, run on by any that hears the decision."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import structlog
from redis.asyncio import Redis

from frontdesk.config import Settings
from frontdesk.contract.approvals import Decision
from frontdesk.contract.cancellation import Cancelled
from frontdesk.contract.context import Ledger
from frontdesk.contract.errors import (
    ApprovalDecided,
    ApprovalExpired,
    BrokenRecord,
    Draining,
    NotFound,
    StoreUnavailable,
)
from frontdesk.contract.keys import WAITING, OwnerKeys
from frontdesk.contract.turns import TurnResult
from frontdesk.sessions.calls import pause_call
from frontdesk.sessions.connection import patiently, translated
from frontdesk.sessions.drivers import Drivers
from frontdesk.sessions.holds import Hold, read_hold
from frontdesk.sessions.log import Unwritten
from frontdesk.sessions.pending import Decided, dump_pending, load_decisions, load_pending, restore
from frontdesk.sessions.pending import vaults as open_vaults
from frontdesk.sessions.schema import dump_stored, load_stored
from frontdesk.sessions.scripts import Scripts, member

SWEEP_S = 1.0
GRACE_S = 3600
MOST_AT_ONCE = 200
NO_APPROVAL = "There is no such turn that waits, or no such approval in it."

logger = structlog.get_logger(__name__)


class Approvals:
    """The turns of a deployment that wait for people."""

    def __init__(
        self, redis: Redis, scripts: Scripts, drivers: Drivers, secret: bytes, settings: Settings
    ) -> None:
        self._redis, self._scripts, self._drivers = redis, scripts, drivers
        self.vaults = open_vaults(secret)
        self._lease_s = settings.lease_s
        self.expiry_s = min(settings.approval_ttl_s, settings.session_ttl_s)

    async def pause(
        self, hold: Hold, ledger: Ledger, result: TurnResult, pending: Unwritten, expires: float
    ) -> Hold | None:
        """Lets a turn wait until `expires` (seconds since the epoch), and hands over to the next
        one of its session. The last of the events says so.

        Raises:
            Cancelled: the turn shall end early; it has not been paused.
            Fenced: another process has taken the turn over, or the session was forgotten.
            StoreUnavailable: Redis has not answered for long.
        """
        assert ledger.pause
        seals = (self._scripts.sealing.of(hold.owner), self.vaults.of(hold.owner))
        state = dump_pending(*seals, ledger.pause, ledger)
        ids = [each.approval_id for each in ledger.pause.asked]
        keep_s = self.expiry_s + GRACE_S
        call = pause_call(self._scripts, hold, result, pending, (state, expires, keep_s, ids))
        due = time.time() + self._lease_s
        entry = _entry(hold.owner, hold.session_id, hold.turn_id)
        with translated():  # first: an entry without a turn that waits is dropped when it is due
            await self._redis.zadd(WAITING, {entry: expires})
        answer = await patiently(partial(self._scripts.run, "pause", call))
        if answer[0] == b"fenced":
            raise hold.taken_over()
        if answer[0] == b"cancel":
            raise Cancelled
        self._drivers.wake(OwnerKeys(hold.owner).events(hold.turn_id))
        if answer[0] == b"run":
            return read_hold(seals[0], hold.session_id, hold.holder, due, answer)
        return None

    async def decide(self, owner: str, turn_id: str, decision: Decision) -> Hold | None:
        """Takes a decision, once; the turn goes on when none is missing any more. The caller runs
        what it holds then; without a hold it runs elsewhere, or later.

        Raises:
            NotFound: the owner has no such turn, or it does not wait for this.
            ApprovalDecided: somebody has decided already, or the turn has ended.
            ApprovalExpired: it came too late.
            Draining: this process is shutting down.
            StoreUnavailable: Redis does not answer.
        """
        if self._drivers.draining:
            raise Draining("This server is shutting down; send it again.", retry_after_s=1)
        # A name of its own tells the repeat of this call from another decision.
        fields = {name: getattr(decision, name) for name in Decision.__slots__}
        told = dump_stored({**fields, "by": self._scripts.new_holder()})
        sealed = self._scripts.sealing.of(owner).seal(told)
        answer, hold = await self._run(owner, turn_id, decision.approval_id, sealed)
        if answer == b"missing":
            raise NotFound(NO_APPROVAL)
        if answer == b"decided":
            raise ApprovalDecided("This was decided already, or the turn has ended.")
        if answer == b"expired":
            raise ApprovalExpired("This approval has expired; ask for it again.")
        return hold

    async def stop(self, owner: str, turn_id: str, why: str) -> Hold | None:
        """Has a turn that waits end: it `expired`, or somebody asked for it (`cancel`)."""
        return (await self._run(owner, turn_id, "", why))[1]

    async def load(self, hold: Hold, ledger: Ledger) -> Decided:
        """What a turn that waited has done so far, put into the ledger; and what people decided.

        Raises:
            ApprovalExpired: nobody decided in time.
            BrokenRecord, StoreUnreadable: it cannot be read.
            StoreUnavailable: Redis has not answered for long.
        """
        found = await patiently(partial(self._pending, hold))
        state, seal = found.pop(b"state", None), self._scripts.sealing.of(hold.owner)
        if state:
            known = load_pending(seal, state)
            restore(known.ledger, self.vaults.of(hold.owner), ledger)
        if state is None or (hold.lapsed and not hold.cancellation.mode):
            raise ApprovalExpired("Nobody approved it in time; send the message again.")
        return Decided(known.pause, load_decisions(seal, list(found.values())))

    async def _pending(self, hold: Hold) -> Any:
        with translated():
            return await self._redis.hgetall(OwnerKeys(hold.owner).pending(hold.turn_id))

    async def waiting(self, owner: str) -> tuple[TurnResult, ...]:
        """The turns of an owner that wait, those that expire first before the others."""
        keys, seal = OwnerKeys(owner), self._scripts.sealing.of(owner)
        with translated():
            turns: Any = await self._redis.zrange(keys.waiting, 0, -1)
            pipe = self._redis.pipeline(transaction=False)
            for turn in turns:
                pipe.hmget(keys.turn(turn.decode()), "status", "waits")
            found = await pipe.execute()
        kept = [raw for status, raw in found if status == b"waiting" and raw]
        return tuple(load_stored(TurnResult, seal.open(raw)) for raw in kept)

    async def since(self, owner: str, turn_id: str) -> str | None:
        """The id of the event with which a turn began to wait, if it did."""
        with translated():
            found: Any = await self._redis.hget(OwnerKeys(owner).turn(turn_id), "paused")
        return found.decode() if found else None

    async def expiring(self, start: Callable[[Hold], object]) -> None:
        """Ends what nobody decided in time, with `start`, until it is cancelled."""
        while True:
            try:
                await self._expire(start)
            except (StoreUnavailable, BrokenRecord):
                logger.warning("approvals.not_swept")
            await asyncio.sleep(SWEEP_S)

    async def _expire(self, start: Callable[[Hold], object]) -> None:
        now = f"{time.time():.3f}"
        with translated():
            due: Any = await self._redis.zrange(
                WAITING, "-inf", now, byscore=True, offset=0, num=MOST_AT_ONCE
            )
        for entry in due:
            owner, _, turn_id = entry.decode().split(" ")
            with suppress(NotFound):  # it was forgotten
                if hold := await self.stop(owner, turn_id, "expired"):
                    logger.info("approval.expired", turn=turn_id)
                    start(hold)
            with translated():
                await self._redis.zrem(WAITING, entry)

    async def _run(
        self, owner: str, turn_id: str, approval_id: str, told: bytes | str
    ) -> tuple[bytes, Hold | None]:
        session_id = await self._session(owner, turn_id)
        holder, due = self._scripts.new_holder(), time.time() + self._lease_s
        call = self._scripts.call(
            *(owner, session_id, turn_id, turn_id, approval_id, told), holder=holder
        )
        index = {member(owner, session_id): due}
        (answer,) = await self._scripts.run_indexed("decide", [call], index)
        if answer[0] in (b"run", b"queued"):
            with translated():
                await self._redis.zrem(WAITING, _entry(owner, session_id, turn_id))
        if answer[0] != b"run":
            return answer[0], None
        seal = self._scripts.sealing.of(owner)
        return answer[0], read_hold(seal, session_id, holder, due, answer)

    async def _session(self, owner: str, turn_id: str) -> str:
        with translated():
            found: Any = await self._redis.hget(OwnerKeys(owner).turn(turn_id), "session")
        if found is None:
            raise NotFound(NO_APPROVAL)
        return str(found.decode())


def _entry(owner: str, session_id: str, turn_id: str) -> str:
    return f"{owner} {session_id} {turn_id}"
