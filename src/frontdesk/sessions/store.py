"""The store of sessions: a turn's begin and commit, one round trip each, and all around them."""

import time
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import Any

from redis.asyncio import Redis

from frontdesk.config import Settings
from frontdesk.contract.cancellation import CancelMode
from frontdesk.contract.context import Ledger
from frontdesk.contract.errors import Draining, NotFound
from frontdesk.contract.events import Event
from frontdesk.contract.keys import OwnerKeys, owner_of
from frontdesk.contract.messages import Caller, Message
from frontdesk.contract.turns import SessionInfo, TurnRecord, TurnResult
from frontdesk.sessions.admission import keyed, not_started, session_of
from frontdesk.sessions.approvals import Approvals
from frontdesk.sessions.calls import cancel_call, commit_call, note_call, sealed_entries
from frontdesk.sessions.connection import patiently, translated
from frontdesk.sessions.conversations import Conversations
from frontdesk.sessions.drivers import Drivers, Turn
from frontdesk.sessions.effects import TurnEffects
from frontdesk.sessions.erasure import Erasure
from frontdesk.sessions.facts import Facts
from frontdesk.sessions.holds import Begun, Hold, dump_admitted, read_hold
from frontdesk.sessions.instants import rfc3339
from frontdesk.sessions.lifecycle import Lifecycle
from frontdesk.sessions.log import Entry, EventWriter, Unwritten
from frontdesk.sessions.pins import Pins
from frontdesk.sessions.readers import Readers
from frontdesk.sessions.reads import Archive
from frontdesk.sessions.rounds import Rounds
from frontdesk.sessions.scripts import Call, Scripts, member
from frontdesk.sessions.sealing import open_sealing
from frontdesk.sessions.summaries import Summaries
from frontdesk.sessions.takeovers import Place
from frontdesk.sessions.tasks import Tasks
from frontdesk.sessions.usage import Usage
from frontdesk.sessions.wakeups import Wakeups

__all__ = ["Begun", "Hold", "Sessions"]

RUNNING_LOG_S = 3600
DRAIN_S = 30.0


class Sessions:
    """All sessions of a deployment, as one process sees them. `redis` is also for what is kept
    beside them.
    """

    def __init__(self, redis: Redis, secret: bytes, settings: Settings) -> None:
        self.redis, self._secret, self._settings = redis, secret, settings
        self.sealing = sealing = open_sealing(settings)
        self._scripts = Scripts(redis, settings.session_ttl_s, settings.lease_s, sealing)
        self._beside = Tasks()
        self._wakeups = Wakeups(redis, self._beside)
        self.drivers = Drivers(redis, self._scripts, self._wakeups, settings.lease_s)
        self.counts = self.drivers.counts
        self._readers = Readers(redis, self._wakeups, self.drivers, sealing, settings.lease_s)
        self._archive = Archive(redis, self._scripts)
        self.erasure = Erasure(redis, secret)
        self.usage = Usage(redis, self._scripts, secret, settings.usage_ttl_s)
        self.approvals = Approvals(redis, self._scripts, self.drivers, secret, settings)
        self.rounds = Rounds(
            redis, self._scripts, self.drivers, self._readers, self.approvals, settings
        )
        self.facts = Facts(redis, self._scripts, settings.session_ttl_s)
        self.pins = Pins(redis, self._scripts, settings)
        self.summaries = Summaries(self._scripts)
        self.lifecycle = Lifecycle(redis, self._scripts, self._archive, self.pins, settings)
        self.conversations = Conversations(redis, self._scripts, settings)

    def owner(self, caller: Caller) -> str:
        """Whose keys a caller's conversations are in."""
        return owner_of(self._secret, caller.tenant, caller.user)

    async def begin(self, message: Message, text: str, ledger: Ledger) -> Begun:
        """Takes the session for a turn, or lets the turn wait: one round trip.

        `text` is the message after the guardrails; nothing of the original text is stored. A
        `turn_id` that is known already is a duplicate and never runs again. With `on_busy`
        `interrupt`, the turn that runs and those that wait are ended, and this one is next.

        Raises:
            NotFound: the caller has no such session.
            SessionBusy: another turn runs and `on_busy` is `reject`.
            QueueFull: as many turns wait as may.
            InvalidRequest: the same `turn_id` came with another request.
            Draining: this process is shutting down.
            StoreUnavailable: Redis does not answer; repeat the message under its `turn_id`.
        """
        if self.drivers.draining:
            raise Draining("This server is shutting down; send it again.", retry_after_s=1)
        owner, session_id = self.owner(message.caller), session_of(message)
        fingerprint = keyed(message.fingerprint, self._secret)
        admitted = replace(message, text=text, session_id=session_id, fingerprint=fingerprint)
        holder, due = self._scripts.new_holder(), time.time() + self._settings.lease_s
        call = self._begin_call(owner, admitted, ledger, holder, new=message.new)
        index = {member(owner, session_id): due}
        (answer,) = await self._scripts.run_indexed("begin", [call], index)
        if answer[0] == b"queued":
            for dropped in answer[2]:
                await self.cancel(owner, dropped.decode())
        if answer[0] in (b"queued", b"busy", b"full") and answer[-1]:
            await self.drivers.attended(owner, session_id)  # its holder died: do not wait for it
        if answer[0] == b"run":
            hold = read_hold(self.sealing.of(owner), session_id, holder, due, answer)
            hold = replace(hold, ledger=ledger, prompt=True)
            return Begun("started", message.turn_id, session_id, hold=hold)
        return not_started(admitted, answer)

    async def note(self, message: Message, result: TurnResult) -> Begun:
        """Lists a turn that ended before it began, without the message's text: one round trip.

        Raises:
            NotFound: the caller has no such session.
            InvalidRequest: the same `turn_id` came with another request.
            StoreUnavailable: Redis does not answer.
        """
        owner, session_id = self.owner(message.caller), session_of(message)
        result = replace(result, turn_id=message.turn_id, session_id=session_id)
        fingerprint = keyed(message.fingerprint, self._secret)
        call = note_call(self._scripts, owner, replace(message, fingerprint=fingerprint), result)
        answer = await self._scripts.run("note", call)
        if answer[0] == b"ended":
            return Begun("ended", message.turn_id, session_id)
        return not_started(message, answer)

    async def commit(
        self,
        hold: Hold,
        record: TurnRecord,
        result: TurnResult,
        pending: Unwritten,
        *,
        agent: str | None,
        fresh: bool = False,
    ) -> Hold | None:
        """Ends a turn, whole or not at all, and hands over to the next one that waits: one round
        trip.

        `agent` holds the session from here on. `fresh` starts the window after this turn.

        Raises:
            Fenced: another process has taken the turn over, or the session was forgotten.
            StoreUnavailable: Redis has not answered for long; the turn may be committed again.
        """
        self.drivers.committing(hold)
        due = time.time() + self._settings.lease_s
        window = None if fresh else self._settings.context_tokens
        call = commit_call(self._scripts, hold, record, result, pending, agent, window)
        if hold.broken:
            await self._scripts.replace(hold.owner, hold.session_id, hold.broken)
        answer = await patiently(partial(self._scripts.run, "commit", call))
        if answer[0] == b"fenced":
            raise hold.taken_over()
        self._wakeups.wake(OwnerKeys(hold.owner).events(hold.turn_id))
        if answer[0] == b"run":
            seal = self.sealing.of(hold.owner)
            return read_hold(seal, hold.session_id, hold.holder, due, answer)
        return None

    async def cancel(self, owner: str, turn_id: str, mode: CancelMode = "immediate") -> None:
        """Has a turn end as `cancelled`: one that waits at once, one that runs soon, in whichever
        process. A turn that has ended stays as it is.

        Raises:
            NotFound: the owner has no such turn.
            StoreUnavailable: Redis does not answer.
        """
        with translated():
            known: Any = await self.redis.hmget(
                OwnerKeys(owner).turn(turn_id), "session", "message"
            )
        if known[0] is None:
            raise NotFound("There is no such turn.")
        if known[1] is None:
            return
        call = cancel_call(self._scripts, owner, known[1], mode)
        told = await self._scripts.run("cancel", call)
        self._wakeups.wake(OwnerKeys(owner).events(turn_id))
        if told == b"waiting" and (hold := await self.approvals.stop(owner, turn_id, "cancel")):
            self.drivers.take(hold)
        if told == b"orphan":
            await self.drivers.attended(owner, known[0].decode())

    def effects(self, hold: Hold) -> TurnEffects:
        """Where the turn writes down what it changes in the world."""
        keep_s = self._settings.session_ttl_s
        return TurnEffects(self.redis, self._scripts, hold, keep_s, hold.taken_over)

    def writer(self, hold: Hold) -> EventWriter:
        """What writes the events of a running turn."""
        return EventWriter(partial(self._append, hold), self._beside, hold.message.stream)

    def events(
        self, owner: str, turn_id: str, after: str | None = None
    ) -> AsyncGenerator[tuple[str, Event], None]:
        """The events of a turn with their ids, from the one after `after`, live until the last; in
        any process, also for a turn that ended long ago. Read it inside `contextlib.aclosing`.

        Raises:
            NotFound: the owner has no such turn, or it was forgotten meanwhile.
            InvalidRequest: `after` is not an event's id.
            Interrupted: the turn's process is gone and none is there to take the turn over.
            StoreUnavailable: Redis does not answer.
        """
        return self._readers.follow(owner, turn_id, after)

    async def result(self, owner: str, turn_id: str) -> TurnResult:
        """A turn's result, or how it stands while it has none.

        Raises:
            NotFound: the owner has no such turn.
        """
        return await self._archive.result(owner, turn_id)

    async def list(
        self, owner: str, limit: int, after: str | None = None
    ) -> tuple[SessionInfo, ...]:
        """The owner's sessions, last used first; `after` is the last one of the page before.

        Raises:
            NotFound: the session `after` is not there.
        """
        return await self._archive.sessions(owner, limit, after)

    async def info(self, owner: str, session_id: str) -> SessionInfo:
        """One session.

        Raises:
            NotFound: the owner has no such session.
        """
        return await self._archive.info(owner, session_id)

    async def turns(
        self, owner: str, session_id: str, limit: int, after: str | None = None
    ) -> tuple[TurnRecord, ...]:
        """Turns that have ended, oldest first; `after` is the last one of the page before.

        Raises:
            NotFound: the owner has no such session, or the turn `after` is not in it.
        """
        return await self._archive.turns(owner, session_id, limit, after)

    async def forget(self, owner: str, session_id: str) -> int:
        """Deletes a session with all its turns, also while one runs; answers how many keys went.

        Raises:
            NotFound: the owner has no such session.
        """
        return await self._archive.forget(owner, session_id)

    def start(self, hold: Hold) -> bool:
        """As `Drivers.start`; only inside `driving`."""
        return self.drivers.start(hold)

    @asynccontextmanager
    async def driving(
        self,
        turn: Turn,
        drain_s: float = DRAIN_S,
        recovers: bool = True,
        place: Place | None = None,
        works: bool = True,
    ) -> AsyncIterator[None]:
        """As `Drivers.driving`; also ends approvals that have expired."""
        sweep = self._beside.spawn(self.approvals.expiring(self.start)) if recovers else None
        try:
            async with self.drivers.driving(turn, drain_s, recovers, place, works):
                yield
                if sweep:
                    sweep.cancel()
        finally:
            await self._beside.settle(1.0)

    async def _append(self, hold: Hold, entries: Sequence[Entry]) -> None:
        keys = OwnerKeys(hold.owner)
        log = keys.events(hold.turn_id)
        flat = sealed_entries(self.sealing.of(hold.owner), entries)
        call = [keys.turn(hold.turn_id), log], [hold.fence, RUNNING_LOG_S, *flat]
        if not await self._scripts.run("append", call):
            raise hold.taken_over()
        self._wakeups.wake(log)

    def _begin_call(
        self, owner: str, message: Message, ledger: Ledger, holder: str, *, new: bool
    ) -> Call:
        return self._scripts.call(
            *(owner, message.session_id, message.turn_id, message.turn_id, message.session_id),
            *(int(new), message.on_busy, self._settings.max_waiting, message.fingerprint),
            *(dump_admitted(self.sealing.of(owner), message, ledger), rfc3339(), RUNNING_LOG_S),
            holder=holder,
        )
