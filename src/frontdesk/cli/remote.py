"""A conversation in the terminal with a server."""

from contextlib import suppress
from dataclasses import dataclass

from frontdesk.cli.options import typed
from frontdesk.cli.screen import Screen
from frontdesk.client import Client, Stream
from frontdesk.contract.approvals import Decision
from frontdesk.contract.errors import NotFound
from frontdesk.contract.events import TurnWaiting
from frontdesk.contract.turns import TurnResult


@dataclass(slots=True)
class RemoteTalk:
    """One caller's conversation with a server; the first answer's session goes on."""

    client: Client
    screen: Screen | None
    session_id: str = ""
    turn_id: str = ""
    seen: str = ""

    async def say(self, text: str) -> TurnResult:
        """Sends a message and shows its turn as it comes; without a screen, only gives its result.

        Raises:
            FrontdeskError: the message was not taken in, or the server is gone.
        """
        async with self.client.stream(typed(text), session_id=self.session_id) as stream:
            result = await self._read(stream)
        self.session_id = result.session_id
        return result

    async def cancel(self) -> None:
        """Has the turn that runs end early."""
        if self.turn_id:
            with suppress(NotFound):
                await self.client.turns.cancel(self.turn_id)

    async def decide(self, waiting: TurnResult, *decisions: Decision) -> TurnResult:
        """Answers calls that wait and shows how their turn goes on.

        Raises:
            FrontdeskError: it does not wait for this, or not any more.
        """
        turns = self.client.turns
        for each in decisions:
            if each.approved:
                await turns.approve(waiting.turn_id, each.approval_id)
            else:
                await turns.reject(waiting.turn_id, each.approval_id, each.reason)
        async with turns.events(waiting.turn_id, self.seen) as stream:
            return await self._read(stream)

    async def _read(self, stream: Stream) -> TurnResult:
        """Shows a turn until it ends or waits for a person."""
        async for event in stream:
            self.turn_id, self.seen = stream.turn_id, stream.last_event_id
            if self.screen:
                self.screen.show(event)
            if isinstance(event, TurnWaiting):
                result = await self.client.turns.get(stream.turn_id)
                if result.status == "waiting":
                    return result
        return stream.result or await self.client.turns.get(stream.turn_id)
