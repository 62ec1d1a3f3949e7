"""What users thought of turns: kept with the turn, for as long, and gone with it."""

from collections.abc import Iterable
from typing import Any

from redis.asyncio import Redis

from frontdesk.contract.errors import InvalidRequest, NotFound
from frontdesk.contract.feedback import Feedback, Score
from frontdesk.contract.keys import OwnerKeys
from frontdesk.sessions.codec import dump
from frontdesk.sessions.connection import translated
from frontdesk.sessions.instants import rfc3339
from frontdesk.sessions.schema import load_stored
from frontdesk.sessions.scripts import Scripts

FIELD = "feedback"
UNENDED = (b"queued", b"in_progress", b"waiting")


class Feedbacks:
    """The feedback on turns of all owners."""

    def __init__(self, redis: Redis, scripts: Scripts) -> None:
        self._redis, self._scripts = redis, scripts

    async def keep(self, owner: str, turn_id: str, score: Score, comment: str) -> Feedback:
        """Keeps what the owner thinks of a turn, in place of what it was before.

        Raises:
            NotFound: the owner has no such turn.
            InvalidRequest: it has not ended.
        """
        turn = OwnerKeys(owner).turn(turn_id)
        with translated():
            status: Any = await self._redis.hget(turn, "status")
        if status in UNENDED:
            raise InvalidRequest("This turn has not ended: say what you think of it when it has.")
        feedback = Feedback(score, comment, rfc3339())
        sealed = self._scripts.sealing.of(owner).seal(dump(feedback))
        if status is None or not await self._scripts.run("label", ([turn], [FIELD, sealed])):
            raise NotFound("There is no such turn.")
        return feedback

    async def of(self, owner: str, turn_ids: Iterable[str]) -> tuple[Feedback | None, ...]:
        """The feedback on each of these turns."""
        keys, pipe = OwnerKeys(owner), self._redis.pipeline(transaction=False)
        for turn_id in turn_ids:
            pipe.hget(keys.turn(turn_id), FIELD)
        with translated():
            found: list[bytes | None] = await pipe.execute()
        seal = self._scripts.sealing.of(owner)
        return tuple(load_stored(Feedback, seal.open(each)) if each else None for each in found)
