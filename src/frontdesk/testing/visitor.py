"""Somebody who talks to a desk in a test: keeps the session, reads every turn to its end."""

import secrets
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from frontdesk.contract.events import Event, TurnEnded
from frontdesk.contract.messages import Caller, Message
from frontdesk.contract.turns import TurnRecord, TurnResult

if TYPE_CHECKING:
    from frontdesk.desk import Desk


class Visitor:
    """One user of a desk.

        ann = Visitor(desk, "ann")
        result = await ann.ask("Where is my order 2024-1001?")
        assert result.rung == "handler"

    The session of the first answer is kept for the next messages; `session_id=""` begins anew.
    """

    def __init__(self, desk: "Desk", user: str, tenant: str = "local") -> None:
        self.desk = desk
        self.caller = Caller(tenant, user)
        self.session_id = ""

    @property
    def owner(self) -> str:
        """The owner under which everything of this user is kept."""
        return self.desk.sessions.owner(self.caller)

    async def ask(self, text: str, **fields: Any) -> TurnResult:
        """Sends a message and reads its turn to the end; `fields` are those of `Message`."""
        last = (await self.events(text, **fields))[-1]
        assert isinstance(last, TurnEnded)
        return last.result

    async def events(self, text: str, **fields: Any) -> list[Event]:
        """Sends a message and gives all events of its turn."""
        return await self.read(await self.send(text, **fields))

    async def read(self, turn_id: str) -> list[Event]:
        """Reads a turn to its end and gives all its events."""
        async with aclosing(self.desk.sessions.events(self.owner, turn_id)) as events:
            return [event async for _, event in events]

    async def send(self, text: str, **fields: Any) -> str:
        """Sends a message and gives the id of its turn, which then runs."""
        fields = {
            "turn_id": f"turn_{secrets.token_hex(8)}",
            "session_id": self.session_id,
            **fields,
        }
        begun = await self.desk.start(Message(caller=self.caller, text=text, **fields))
        self.session_id = begun.session_id
        return begun.turn_id

    async def records(self) -> list[TurnRecord]:
        """The turns of the current session as its owner sees them, oldest first."""
        return list(await self.desk.sessions.turns(self.owner, self.session_id, 1000, None))
