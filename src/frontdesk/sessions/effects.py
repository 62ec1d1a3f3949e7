"""The effects of a turn in Redis: each is claimed before it happens, by one try of the turn."""

from collections.abc import Callable
from functools import partial
from typing import Any

from redis.asyncio import Redis

from frontdesk.contract.effects import Effect
from frontdesk.contract.errors import Fenced
from frontdesk.contract.keys import OwnerKeys
from frontdesk.sessions.connection import patiently, translated
from frontdesk.sessions.holds import Hold
from frontdesk.sessions.schema import dump_stored, load_stored
from frontdesk.sessions.scripts import Scripts


class TurnEffects:
    """The effects of one turn. They are kept as long as the turn."""

    def __init__(
        self, redis: Redis, scripts: Scripts, hold: Hold, keep_s: int, fenced: Callable[[], Fenced]
    ) -> None:
        self._redis, self._scripts, self._hold, self._keep_s = redis, scripts, hold, keep_s
        self._fenced = fenced
        self._seal = scripts.sealing.of(hold.owner)
        keys = OwnerKeys(hold.owner)
        self._keys = [keys.turn(hold.turn_id), keys.events(hold.turn_id)]
        self._key = keys.effects(hold.turn_id)

    async def begin(self, effect: Effect) -> Effect:
        """Claims a new effect; from here on the turn is not run again from its start."""
        # A name of its own tells the repeat of this call from another try's.
        claim = self._seal.seal(
            dump_stored({**_fields(effect), "state": "begun", "by": self._scripts.new_holder()})
        )
        told = [self._hold.fence, effect.key, claim, self._keep_s]
        answer = await self._scripts.run("act", ([*self._keys, self._key], told))
        if answer[0] == b"refused":
            raise self._fenced()
        return effect if answer[0] == b"new" else self._load(answer[1])

    async def end(self, effect: Effect) -> None:
        """Keeps the outcome, also when another process has the turn by now."""
        outcome = self._seal.seal(dump_stored(_fields(effect)))
        told = [effect.key, outcome, self._keep_s]
        await patiently(partial(self._scripts.run, "settle", ([self._keys[0], self._key], told)))

    async def earlier(self) -> tuple[Effect, ...]:
        """The effects that were begun so far, in their order."""
        found = await patiently(self._kept)
        return tuple(sorted(map(self._load, found), key=lambda effect: effect.number))

    async def _kept(self) -> Any:
        with translated():
            return await self._redis.hvals(self._key)

    def _load(self, raw: bytes) -> Effect:
        return load_stored(Effect, self._seal.open(raw))


def _fields(effect: Effect) -> dict[str, Any]:
    return {name: getattr(effect, name) for name in Effect.__slots__}
