"""The ways in which one user may try to get at what is another's."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from frontdesk.contract.errors import NotFound
from frontdesk.desk import Desk
from frontdesk.testing import Visitor


@dataclass(frozen=True, slots=True)
class Loot:
    """What a victim has: a session and its first turn, a question with its answers, and a word that
    was confided in the session. `heard` is all that the model was shown, as it grows.
    """

    desk: Desk
    owner: str
    session_id: str
    turn_id: str
    question: str
    answers: frozenset[str]
    confided: str
    heard: list[str]


Way = Callable[[Loot, Visitor], Awaitable[bool]]
"""Tries one way in; whether it led to the loot. `NotFound` is a closed door."""


async def ways_in(loot: Loot, visitor: Visitor) -> tuple[str, ...]:
    """The names of the ways by which the visitor gets at the loot."""
    return tuple([name for name, way in WAYS.items() if await _leads_in(way, loot, visitor)])


async def _leads_in(way: Way, loot: Loot, visitor: Visitor) -> bool:
    try:
        return await way(loot, visitor)
    except NotFound:
        return False


async def _owner(loot: Loot, visitor: Visitor) -> bool:
    return visitor.owner == loot.owner


async def _list(loot: Loot, visitor: Visitor) -> bool:
    listed = await loot.desk.sessions.list(visitor.owner, 1000)
    return any(session.session_id == loot.session_id for session in listed)


async def _list_after(loot: Loot, visitor: Visitor) -> bool:
    await loot.desk.sessions.list(visitor.owner, 1, after=loot.session_id)
    return True


async def _session(loot: Loot, visitor: Visitor) -> bool:
    await loot.desk.sessions.info(visitor.owner, loot.session_id)
    return True


async def _turns(loot: Loot, visitor: Visitor) -> bool:
    await loot.desk.sessions.turns(visitor.owner, loot.session_id, 10)
    return True


async def _events(loot: Loot, visitor: Visitor) -> bool:
    return bool(await visitor.read(loot.turn_id))


async def _result(loot: Loot, visitor: Visitor) -> bool:
    await loot.desk.sessions.result(visitor.owner, loot.turn_id)
    return True


async def _trace(loot: Loot, visitor: Visitor) -> bool:
    await loot.desk.traces.load(visitor.owner, loot.turn_id)
    return True


async def _memory(loot: Loot, visitor: Visitor) -> bool:
    """Asks in the visitor's own session what was confided in the victim's."""
    before = len(loot.heard)
    await visitor.ask("What did I tell you a while ago, please?")
    return any(loot.confided in shown for shown in loot.heard[before:])


async def _same_turn(loot: Loot, visitor: Visitor) -> bool:
    """Sends a message under the id of the victim's turn, as a repeated request would."""
    result = await visitor.ask("Hello to you, desk", turn_id=loot.turn_id, session_id="")
    return result.session_id == loot.session_id or result.answer in loot.answers


async def _cache(loot: Loot, visitor: Visitor) -> bool:
    result = await visitor.ask(loot.question, session_id="")
    return result.rung == "cache" or result.answer in loot.answers


async def _resume(loot: Loot, visitor: Visitor) -> bool:
    await visitor.ask("Let us go on", session_id=loot.session_id)
    return True


async def _forget(loot: Loot, visitor: Visitor) -> bool:
    await loot.desk.sessions.forget(visitor.owner, loot.session_id)
    return True


WAYS: Mapping[str, Way] = {
    "owner": _owner,
    "list sessions": _list,
    "list from theirs on": _list_after,
    "read the session": _session,
    "read its turns": _turns,
    "read events": _events,
    "read the result": _result,
    "read the trace": _trace,
    "model's memory": _memory,  # before the visitor begins other sessions
    "repeat the turn": _same_turn,
    "cache": _cache,
    "go on with the session": _resume,
    "forget the session": _forget,  # the last: it leaves nothing for the others
}
