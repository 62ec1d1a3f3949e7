"""A user's facts: few, short, and theirs in every session."""

import secrets
import time
from collections.abc import Iterable
from typing import Any

from redis.asyncio import Redis

from frontdesk.contract.errors import Fenced, InvalidRequest, NotFound
from frontdesk.contract.facts import Fact
from frontdesk.contract.keys import OwnerKeys
from frontdesk.sessions.codec import dump, load
from frontdesk.sessions.connection import translated
from frontdesk.sessions.instants import rfc3339
from frontdesk.sessions.scripts import Scripts

MOST_FACTS = 50
LONGEST_FACT = 300


class Facts:
    """The facts of all owners; `keep_s` seconds after their last use they are forgotten."""

    def __init__(self, redis: Redis, scripts: Scripts, keep_s: int) -> None:
        self._redis = redis
        self._scripts = scripts
        self._keep_s = keep_s

    async def list(self, owner: str) -> tuple[Fact, ...]:
        """The owner's facts, oldest first."""
        pipe = self._redis.pipeline(transaction=False)
        pipe.hvals(OwnerKeys(owner).facts)
        pipe.expire(OwnerKeys(owner).facts, self._keep_s)
        with translated():
            values, _ = await pipe.execute()
        return read_facts(self._scripts.sealing.of(owner).open_all(values))

    async def keep(self, owner: str, text: str, turn_id: str = "") -> Fact:
        """Keeps a fact that was checked; one that is known already stays as it is. A turn that asks
        for it names itself.

        Raises:
            InvalidRequest: it is empty or too long, or there are too many.
            Fenced: the turn was forgotten.
        """
        text = " ".join(text.split())
        if not 0 < len(text) <= LONGEST_FACT:
            raise InvalidRequest(f"A fact has 1 to {LONGEST_FACT} characters.")
        known = (fact for fact in await self.list(owner) if fact.text == text)
        if same := next(known, None):
            return same
        fact, keys = Fact(_new_id(), text, rfc3339()), OwnerKeys(owner)
        asked = keys.turn(turn_id) if turn_id else keys.facts
        sealed = self._scripts.sealing.of(owner).seal(dump(fact))
        told = [fact.id, sealed, MOST_FACTS, self._keep_s]
        kept = await self._scripts.run("remember", ([keys.facts, asked], told))
        if kept < 0:
            raise Fenced("This turn was forgotten.", turn_id=turn_id)
        if not kept:
            raise InvalidRequest(f"There are {MOST_FACTS} facts already: forget one first.")
        return fact

    async def forget(self, owner: str, fact_id: str) -> None:
        """Forgets a fact.

        Raises:
            NotFound: the owner has no such fact.
        """
        with translated():
            gone: Any = await self._redis.hdel(OwnerKeys(owner).facts, fact_id)
        if not gone:
            raise NotFound("There is no such fact.")


def read_facts(values: Iterable[bytes]) -> tuple[Fact, ...]:
    """Facts as they are stored, oldest first."""
    facts = (load(Fact, value) for value in values)
    return tuple(sorted(facts, key=lambda fact: fact.id))


def _new_id() -> str:
    """Ids in the order in which they were made."""
    return f"fact_{time.time_ns():016x}{secrets.token_hex(3)}"
