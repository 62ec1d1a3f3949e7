"""The Lua scripts of a session, as calls.

redis-py repeats a command whose answer was lost, so each script answers a repeat as it did the
first time.
"""

import asyncio
import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, cast
from uuid import uuid4

import structlog
from redis.asyncio import Redis, RedisCluster
from redis.exceptions import NoScriptError

from frontdesk.contract.errors import BrokenRecord, StoreUnavailable
from frontdesk.contract.keys import LEASES, OwnerKeys
from frontdesk.sessions.connection import translated
from frontdesk.sessions.schema import dump_stored, load_turn
from frontdesk.sessions.sealing import Sealing

WIDEST = 200
PRELUDES = {
    "begin": ("session",),
    "note": ("session", "events"),
    "commit": ("session", "events"),
    "pause": ("session", "events"),
    "decide": ("session",),
    "renew": ("session",),
    "recover": ("session",),
    "hand_over": ("session",),
    "forget": ("session",),
    "cancel": ("session", "events"),
    "act": (),
    "settle": (),
    "append": ("events",),
    "round": (),
    "release": (),
    "set_aside": (),
    "replace": (),
    "label": (),
    "remember": (),
    "pin": (),
    "respond": (),
    "itemise": (),
    "claim": (),
    "summarise": (),
    "usage": (),
}

Call = tuple[Sequence[str], Sequence[Any]]
"""The keys and arguments of one call."""
Broken = Sequence[tuple[int, bytes]]
"""Places of a history and what cannot be read there."""

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Script:
    """A script and the digest that servers know it by once they have run it."""

    text: str
    sha: str


class Scripts:
    """The scripts on one Redis; `keep_s` and `lease_s` are the lives of a session and a lease.

    `process` is the channel on which others tell this process that a turn shall end early.
    `sealing` is for what a call tells of a user's words, and its answer gives back.
    """

    def __init__(self, redis: Redis, keep_s: int, lease_s: float, sealing: Sealing) -> None:
        self._redis = redis
        self._in_slots = isinstance(cast("object", redis), RedisCluster)
        self._scripts = _read()
        self._keep_s = keep_s
        self._lease_ms = round(lease_s * 1000)
        self.sealing = sealing
        self.process = f"fd:process:{uuid4().hex[:16]}"

    def call(self, owner: str, session_id: str, turn_id: str, *args: Any, holder: str = "") -> Call:
        """A call about one session: all its keys, and what every script of a session is told."""
        keys = OwnerKeys(owner)
        parts = [keys.session(session_id, part) for part in ("meta", "turns", "lease", "inbox")]
        told = (self._keep_s, f"{time.time():.6f}", holder, self._lease_ms, WIDEST)
        stems = [keys.turn(""), keys.events(turn_id), keys.facts]
        return [keys.sessions, *parts, *stems], [*told, *args]

    def new_holder(self) -> str:
        """A name for one call: its repeat is known by it, and no other call has the same. It begins
        with the process.
        """
        return f"{self.process}.{uuid4().hex}"

    async def run(self, name: str, call: Call) -> Any:
        """Runs one script in one round trip.

        Raises:
            StoreUnavailable: Redis does not answer or takes no writes.
            BrokenRecord: a key is not of its type; nothing was done but to set it aside.
        """
        try:
            with translated():
                return await self._run(self._scripts[name], call)
        except BrokenRecord as error:
            raise await self._set_aside(call) from error

    async def run_indexed(
        self, name: str, calls: Sequence[Call], leases: Mapping[str, float]
    ) -> list[Any]:
        """Runs a script several times, each call with its entry of the index of `leases`, in one
        waiting time.

        Raises:
            StoreUnavailable: Redis does not answer or takes no writes.
            BrokenRecord: a key is not of its type; what it stood in the way of was not done.
        """
        if self._in_slots:
            return await self._run_beside(name, calls, leases)
        entered = [
            ([*keys, LEASES], [*args, *entry])
            for (keys, args), entry in zip(calls, leases.items(), strict=True)
        ]
        if len(entered) == 1:  # a pipeline costs half as much again as a single call
            return [await self.run(name, entered[0])]
        pipe = self._redis.pipeline(transaction=False)
        for keys, args in entered:
            pipe.evalsha(self._scripts[name].sha, len(keys), *keys, *args)
        with translated():
            answers = await pipe.execute(raise_on_error=False)
        if any(isinstance(answer, NoScriptError) for answer in answers):
            return [await self.run(name, call) for call in entered]
        return [
            await self._settled(answer, call) for answer, call in zip(answers, entered, strict=True)
        ]

    async def replace(self, owner: str, session_id: str, broken: Broken) -> None:
        """Sets elements of a history aside, each replaced by one that can be read and says so.

        Raises:
            StoreUnavailable: Redis does not answer or takes no writes.
        """
        keys = OwnerKeys(owner)
        parts = [keys.session(session_id, part) for part in ("meta", "turns", "broken")]
        told = [part for place, raw in broken for part in (place, raw, dump_stored(load_turn(raw)))]
        await self.run("replace", (parts, [self._keep_s, *told]))
        logger.error("record.broken", session=session_id, places=[place for place, _ in broken])

    async def _run_beside(
        self, name: str, calls: Sequence[Call], leases: Mapping[str, float]
    ) -> list[Any]:
        """The index is in another slot than the sessions, perhaps on a node that is down: a turn
        need not wait for it, since the next renewal enters it again.
        """
        indexing = asyncio.ensure_future(self._index(leases))
        answers = await asyncio.gather(
            *(self.run(name, call) for call in calls), return_exceptions=True
        )
        await indexing
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer
        return answers

    async def _index(self, leases: Mapping[str, float]) -> None:
        try:
            with translated():
                await self._redis.zadd(LEASES, dict(leases))
        except StoreUnavailable:
            logger.warning("leases.not_indexed", leases=len(leases))

    async def _run(self, script: _Script, call: Call) -> Any:
        keys, args = call
        try:
            return await self._redis.evalsha(script.sha, len(keys), *keys, *args)
        except NoScriptError:  # a server that was started, promoted or added since
            return await self._redis.eval(script.text, len(keys), *keys, *args)

    async def _settled(self, answer: Any, call: Call) -> Any:
        try:
            with translated():
                if isinstance(answer, Exception):
                    raise answer
        except BrokenRecord as error:
            raise await self._set_aside(call) from error
        return answer

    async def _set_aside(self, call: Call) -> BrokenRecord:
        """Renames what stood in the way of a call; says what it was."""
        with translated():
            names = await self._run(self._scripts["set_aside"], call)
        said = ", ".join(name.decode().partition("}:")[2] for name in names) or "a key"
        logger.error("record.broken", keys=said)
        return BrokenRecord(
            f"What was stored as {said} could not be read. It is set aside, under the same name and"
            " `:broken`; send the message again to go on without it."
        )


def member(owner: str, session_id: str) -> str:
    """A session's entry in the index of leases."""
    return f"{owner} {session_id}"


def _read() -> dict[str, _Script]:
    folder = files("frontdesk.sessions") / "scripts"
    text = {
        name: (folder / f"{name}.lua").read_text(encoding="utf-8")
        for name in (*PRELUDES, "session", "events")
    }
    return {
        name: _script("\n".join(text[part] for part in (*preludes, name)))
        for name, preludes in PRELUDES.items()
    }


def _script(text: str) -> _Script:
    return _Script(text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())
