"""The stores of sessions that are compared: each loads the history for a turn and then stores the
turn, as its server does.
"""

from collections.abc import Callable, Iterator
from itertools import count, cycle
from typing import Protocol

from agents import TResponseInputItem
from agents.memory import Session

from bench.conversations import Exchange, small_talk
from frontdesk.contract.context import Ledger, TurnContext
from frontdesk.contract.events import TextDelta, TurnCreated
from frontdesk.contract.messages import Caller, Message
from frontdesk.contract.turns import Item, ModelUse, Receipt, TurnResult
from frontdesk.sessions.draft import make_record
from frontdesk.sessions.store import Hold, Sessions

ANN = Caller("acme", "ann")
STAGES = ("admit", "guard_in", "begin", "budget", "preprocess", "cache", "run", "commit")
RECEIPT = Receipt(
    model_calls=1,
    input_tokens=3120,
    cached_tokens=2944,
    output_tokens=85,
    reasoning_tokens=0,
    cost_usd="0.000312",
    specialist_only_cost_usd="0.004680",
    by_model=(ModelUse("triage", "gpt-6-luna", 1, 3120, 2944, 85, 0, "0.000312"),),
    tools=(),
    guardrails=(),
    stages_ms=dict.fromkeys(STAGES, 1.25),
    total_ms=812.5,
)
AT_ONCE = 500


class Store(Protocol):
    """One of the contestants; `age` is how many turns a session has behind it."""

    name: str

    async def seed(self, age: int, runs: int) -> None:
        """Makes what `runs` measured turns at this age need."""

    async def turn(self, age: int, said: Exchange) -> int:
        """Loads the history and stores one more turn; how many items were loaded."""

    async def undo(self, age: int) -> None:
        """Takes the last turn back, where the session would else become older than its age."""


class FrontdeskStore:
    """Ours, called as the desk calls it. The events of the turn and its receipt are written too.

    At a young age each measured turn has a session of its own; an old session goes on, so that
    the window's way from half full to full is in the mean.
    """

    name = "frontdesk"
    young = 20

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._ids: dict[int, Iterator[str]] = {}
        self._numbers = count()

    async def seed(self, age: int, runs: int) -> None:
        """Talks with each session from its beginning."""
        ids = [await self._talk(age) for _ in range(runs if age <= self.young else 1)]
        self._ids[age] = cycle(ids)

    async def turn(self, age: int, said: Exchange) -> int:
        """One begin and one commit."""
        hold = await self._begin(next(self._ids[age]), said)
        items: list[Item] = [item for record in hold.history for item in record.items]
        await self._commit(hold, said)
        return len(items)

    async def undo(self, age: int) -> None:
        """Nothing: see the class."""

    async def _talk(self, age: int) -> str:
        session_id = ""
        for said in small_talk(age, age):
            hold = await self._begin(session_id, said)
            await self._commit(hold, said)
            session_id = hold.session_id
        return session_id

    async def _begin(self, session_id: str, said: Exchange) -> Hold:
        message = Message(f"turn_{next(self._numbers)}", ANN, said.user, session_id)
        begun = await self._sessions.begin(message, said.user, Ledger())
        assert begun.hold, begun.state
        return begun.hold

    async def _commit(self, hold: Hold, said: Exchange) -> None:
        turn_id, session_id = hold.turn_id, hold.session_id
        log = self._sessions.writer(hold)
        await log.put(TurnCreated(turn_id, session_id))
        await log.put(TextDelta(turn_id, said.answer, 0))
        context = TurnContext(hold.message, hold.text, session_id, hold.history, ledger=hold.ledger)
        record = make_record(context, "completed", said.answer, "triage", "triage")
        result = TurnResult(
            turn_id, session_id, "completed", said.answer, "triage", "triage", receipt=RECEIPT
        )
        await self._sessions.commit(hold, record, result, log.take(), agent=None)


class SdkStore:
    """A session of the SDK, called as its runner calls it: all is loaded, the user's item is stored
    before the model is asked, the model's item after it.
    """

    def __init__(self, name: str, opened: Callable[[str], Session]) -> None:
        self.name = name
        self._opened = opened
        self._sessions: dict[int, Session] = {}

    async def seed(self, age: int, runs: int) -> None:
        """Stores the turns before, many at once."""
        session = self._sessions[age] = self._opened(f"{self.name} {age}")
        items = [item for said in small_talk(age, age) for item in (_asked(said), _answered(said))]
        for first in range(0, len(items), AT_ONCE):
            await session.add_items(items[first : first + AT_ONCE])

    async def turn(self, age: int, said: Exchange) -> int:
        """One load and two writes."""
        session = self._sessions[age]
        items = await session.get_items()
        await session.add_items([_asked(said)])
        await session.add_items([_answered(said)])
        return len(items)

    async def undo(self, age: int) -> None:
        """Takes the two items back."""
        await self._sessions[age].pop_item()
        await self._sessions[age].pop_item()


def _asked(said: Exchange) -> TResponseInputItem:
    return {"content": said.user, "role": "user"}


def _answered(said: Exchange) -> TResponseInputItem:
    """A message as the Responses API gives it and the runner stores it."""
    return {
        "id": "msg_68f1c2a0b7d481909f3e5a6c7b8d9e0f012345678",
        "content": [
            {"annotations": [], "text": said.answer, "type": "output_text", "logprobs": []}
        ],
        "role": "assistant",
        "status": "completed",
        "type": "message",
    }
