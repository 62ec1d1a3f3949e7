"""Users who talk on while Redis fails, as clients do: what was not answered is sent again under its
id. Afterwards their histories must hold every answered turn once, in order.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from time import perf_counter

from frontdesk.contract.errors import Interrupted, StoreUnavailable
from frontdesk.contract.events import TurnEnded
from frontdesk.desk import Desk
from frontdesk.testing import Visitor

USERS = 20


@dataclass
class Talk:
    """One user's conversation; `answered` are the turns whose end the user has seen, in order;
    `statuses` are how they ended, failed ones by their code.
    """

    visitor: Visitor
    answered: list[str] = field(default_factory=list)
    statuses: set[str] = field(default_factory=set)
    refused: int = 0

    async def say(self) -> None:
        """One message, until its turn has ended."""
        turn_id = f"{self.visitor.caller.user}_{len(self.answered)}"
        while True:
            try:
                # A name of its own in each: no answer may come from the cache.
                text = f"This is message {turn_id} of mine"
                await self.visitor.send(text, turn_id=turn_id, fingerprint=text)
                last = (await self.visitor.read(turn_id))[-1]
            except (StoreUnavailable, Interrupted):
                self.refused += 1
                await asyncio.sleep(0.1)
            else:
                self.answered.append(turn_id)
                assert isinstance(last, TurnEnded)
                error = last.result.error
                self.statuses.add(error.code if error else last.result.status)
                return

    async def go_on(self, enough: asyncio.Event) -> None:
        """Talks until it is enough, and once more: everybody has had an answer since."""
        while not enough.is_set():
            await self.say()
            await asyncio.sleep(0.02)
        await self.say()


@dataclass
class Crowd:
    """Many users at once on a few processes."""

    talks: list[Talk]
    enough: asyncio.Event = field(default_factory=asyncio.Event)

    @classmethod
    def of(cls, *desks: Desk) -> "Crowd":
        """Users who each talk to one of the desks."""
        return cls([Talk(Visitor(desks[n % len(desks)], f"user{n:02}")) for n in range(USERS)])

    async def talk_through(self, failure: Callable[[], Awaitable[None]], struck: Talk) -> float:
        """Everybody talks, something fails, and they talk until the `struck` one has been answered
        again, three times; for how long it had no answer, in seconds.
        """
        async with asyncio.TaskGroup() as together:
            for talk in self.talks:
                together.create_task(talk.go_on(self.enough))
            await _more(struck, 3)
            await failure()
            failed = perf_counter()
            await _more(struck, 1)
            gap_s = perf_counter() - failed
            await _more(struck, 2)
            self.enough.set()
        return gap_s

    async def check(self) -> None:
        """Every answered turn is in its history exactly once, in order, and nothing else is."""
        for talk in self.talks:
            kept = [record.id for record in await talk.visitor.records()]
            assert kept == talk.answered
            assert talk.statuses == {"completed"}


async def _more(talk: Talk, turns: int) -> None:
    goal = len(talk.answered) + turns
    async with asyncio.timeout(20):
        while len(talk.answered) < goal:  # noqa: ASYNC110 - the answers are what it waits for
            await asyncio.sleep(0.02)
