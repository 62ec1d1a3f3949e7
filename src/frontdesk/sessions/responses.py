"""Responses of OpenAI's protocol: what was asked, and all that a next one goes on from."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from redis.asyncio import Redis

from frontdesk.contract.errors import NotFound
from frontdesk.contract.keys import OwnerKeys
from frontdesk.contract.turns import Item, TurnResult
from frontdesk.sessions.connection import translated
from frontdesk.sessions.schema import dump_stored, load_stored
from frontdesk.sessions.scripts import Scripts

ASKED, OUTCOME = "asked", "outcome"


def stem(turn_id: str) -> str:
    """What the ids of a turn and its response have in common."""
    return turn_id.partition("_")[2]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a response came to: the pieces of its text as they were shown, each with the number of
    its message, and the result of its turn.
    """

    pieces: tuple[tuple[int, str], ...]
    result: TurnResult


@dataclass(frozen=True, slots=True)
class StoredResponse:
    """A response as it was asked for, after the guardrails.

    `id` is that of its turn without the prefix. `created` is in seconds since the epoch. `echo` are
    the fields of the request that every answer repeats. `input` are its own items, each with an id;
    `context` are those before them: the whole chain, so that a response that was deleted or
    forgotten is missing from none that came after it. `session` is the session of its conversation,
    empty where it has none. `outcome` is None until somebody has looked at the end of the turn.
    """

    id: str
    created: float
    echo: Mapping[str, Any]
    input: tuple[Item, ...] = ()
    context: tuple[Item, ...] = ()
    session: str = ""
    outcome: Outcome | None = field(default=None)


class Responses:
    """The responses of all owners; `keep_s` seconds after their last change they are forgotten."""

    def __init__(self, redis: Redis, scripts: Scripts, keep_s: int) -> None:
        self._redis, self._scripts, self._keep_s = redis, scripts, keep_s

    async def keep(self, owner: str, response: StoredResponse) -> None:
        """Keeps a response, unless it is kept already.

        Raises:
            StoreUnavailable: Redis does not answer.
        """
        await self._put(owner, response.id, ASKED, dump_stored(response), needs="")

    async def settle(self, owner: str, response_id: str, outcome: Outcome) -> None:
        """Keeps what a response came to, once; not that of one that was deleted.

        Raises:
            StoreUnavailable: Redis does not answer.
        """
        await self._put(owner, response_id, OUTCOME, dump_stored(outcome), needs=ASKED)

    async def load(self, owner: str, response_id: str) -> StoredResponse:
        """A response.

        Raises:
            NotFound: the owner has no such response.
            StoreUnreadable: its key is missing.
        """
        with translated():
            key = OwnerKeys(owner).response(response_id)
            kept: Any = await self._redis.hmget(key, ASKED, OUTCOME)
        asked, outcome = kept
        if asked is None:
            raise NotFound("There is no such response.")
        seal = self._scripts.sealing.of(owner)
        found = load_stored(StoredResponse, seal.open(asked))
        if outcome is None:
            return found
        return replace(found, outcome=load_stored(Outcome, seal.open(outcome)))

    async def delete(self, owner: str, response_id: str, *, whole: bool) -> None:
        """Deletes a response; the `whole` of it with its turn. Those that go on from it stay."""
        keys, turn_id = OwnerKeys(owner), f"turn_{response_id}"
        turn = (keys.turn(turn_id), keys.events(turn_id), keys.results(turn_id))
        with translated():
            await self._redis.unlink(keys.response(response_id), *(turn if whole else ()))

    async def _put(
        self, owner: str, response_id: str, name: str, data: bytes, *, needs: str
    ) -> None:
        key = OwnerKeys(owner).response(response_id)
        sealed = self._scripts.sealing.of(owner).seal(data)
        await self._scripts.run("respond", ([key], [name, sealed, needs, self._keep_s]))
