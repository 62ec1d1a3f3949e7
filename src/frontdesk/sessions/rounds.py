"""The rounds of running turns in Redis: what a turn has done so far, for whoever takes it over."""

from functools import partial
from typing import Any, Literal, TypeAlias

from redis.asyncio import Redis

from frontdesk.config import Settings
from frontdesk.contract.approvals import Pause
from frontdesk.contract.context import Ledger
from frontdesk.contract.keys import OwnerKeys
from frontdesk.sessions.approvals import Approvals
from frontdesk.sessions.connection import patiently, translated
from frontdesk.sessions.drivers import Drivers
from frontdesk.sessions.holds import Hold
from frontdesk.sessions.pending import Decided, dump_pending, load_pending, restore
from frontdesk.sessions.readers import Readers
from frontdesk.sessions.scripts import Scripts

Shown: TypeAlias = Literal["nothing", "void", "lasting"]
"""What a try that died has shown: nothing; what the next one takes back; what stays."""


class Rounds:
    """The rounds that are kept in a deployment: of turns in the background, whose text nobody waits
    for; and of all turns while their process is `draining`, since another one will go on with them.
    """

    def __init__(
        self,
        redis: Redis,
        scripts: Scripts,
        drivers: Drivers,
        readers: Readers,
        approvals: Approvals,
        settings: Settings,
    ) -> None:
        self.redis, self.scripts, self.drivers = redis, scripts, drivers
        self.vaults, self.keep_s = approvals.vaults, settings.session_ttl_s
        self._approvals, self._readers = approvals, readers

    def of(self, hold: Hold) -> "TurnRounds":
        """Those of one turn."""
        return TurnRounds(self, hold)

    async def earlier(self, hold: Hold, ledger: Ledger) -> Decided | None:
        """Where to go on with a turn of which earlier tries have done something, put into the
        ledger: after the last round that was kept, or where it waited for a person.

        Raises:
            ApprovalExpired, BrokenRecord, StoreUnreadable, StoreUnavailable: as `Approvals.load`.
        """
        state = await patiently(partial(self._state, hold)) if hold.tries else None
        if state is None:
            return await self._approvals.load(hold, ledger) if hold.paused else None
        known = load_pending(self.scripts.sealing.of(hold.owner), state)
        restore(known.ledger, self.vaults.of(hold.owner), ledger, "interrupted")
        return Decided(known.pause, ())

    async def _state(self, hold: Hold) -> Any:
        with translated():
            return await self.redis.hget(OwnerKeys(hold.owner).rounds(hold.turn_id), "state")

    async def shown(self, hold: Hold) -> Shown:
        """What earlier tries of a turn have shown, done or changed since what is kept of it.

        Raises:
            StoreUnavailable: Redis has not answered for long.
        """
        return await patiently(partial(self._shown, hold))

    async def _shown(self, hold: Hold) -> Shown:
        with translated():
            key = OwnerKeys(hold.owner).turn(hold.turn_id)
            found: Any = await self.redis.hmget(key, "kept", "handed")
        kept, handed = found
        after = kept.decode() if kept else hold.paused
        told = await self._readers.shown(hold.owner, hold.turn_id, after)
        if kept or hold.message.background or (handed and not hold.acted):
            return "void" if told else "nothing"
        return "lasting" if told or hold.acted else "nothing"


class TurnRounds:
    """The rounds of one turn."""

    def __init__(self, all_of_them: Rounds, hold: Hold) -> None:
        self._all, self._hold = all_of_them, hold
        self._again = hold.tries > 0
        self._seal = all_of_them.scripts.sealing.of(hold.owner)
        keys = OwnerKeys(hold.owner)
        self._keys = [keys.turn(hold.turn_id), keys.rounds(hold.turn_id)]

    @property
    def wanted(self) -> bool:
        """Whether the rounds are to be kept."""
        return self._hold.message.background or self._all.drivers.draining

    async def keep(self, pause: Pause, event: int) -> None:
        """Keeps the turn as it stands at the end of a round."""
        vault = self._all.vaults.of(self._hold.owner)
        state = dump_pending(self._seal, vault, pause, self._hold.ledger)
        await self._write("", state, f"{self._hold.fence}-{event}")

    async def remember(self, answer: str) -> None:
        """Keeps a model's answer before its tools are called."""
        self._again = False
        await self._write(self._seal.seal(answer.encode()))

    async def recall(self) -> str | None:
        """The answer that an earlier try got for the round which it did not finish; once."""
        again, self._again = self._again, False
        if not again:
            return None
        found = await patiently(self._answer)
        return self._seal.open(found).decode() if found else None

    async def _answer(self) -> Any:
        with translated():
            return await self._all.redis.hget(self._keys[1], "answer")

    async def _write(self, *told: bytes | str) -> None:
        call = self._keys, [self._hold.fence, self._all.keep_s, *told]
        if not await patiently(partial(self._all.scripts.run, "round", call)):
            raise self._hold.taken_over()
