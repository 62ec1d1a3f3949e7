"""A deployment for the property test: two desks on one server, users, and what they were told."""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count, cycle
from pathlib import Path
from typing import Any, TypeVar

from redis.asyncio import Redis

from frontdesk.assembly import open_desk
from frontdesk.config import load_settings
from frontdesk.contract.approvals import Decision
from frontdesk.contract.context import Ledger, TurnContext
from frontdesk.contract.errors import ApprovalDecided, NotFound, StoreUnavailable
from frontdesk.contract.events import TextDelta, TurnEnded, TurnWaiting
from frontdesk.contract.guardrails import Finding, Guardrail, Text
from frontdesk.contract.keys import LEASES, OwnerKeys
from frontdesk.contract.messages import Caller, Message
from frontdesk.contract.parts import Parts, PluginPlace, Specialist
from frontdesk.contract.tools import tool
from frontdesk.contract.turns import TurnRecord, TurnResult
from frontdesk.desk import Desk
from frontdesk.guardrails.policy import default_policy
from frontdesk.sessions.connection import open_redis
from frontdesk.sessions.scripts import member
from frontdesk.testing import FakeOpenAI, fake_openai

Value = TypeVar("Value")

MOST_TRIES = 20
MARK = re.compile(r"<(\w+)-(\d+)>")


@dataclass(slots=True)
class Turn:
    """A turn that was taken in; `result` is there once its `last` event was read.

    `actions` are the approvals it waits for, `said` is what may have counted for each that was
    decided, and `behind` holds the turns that had ended when it was sent or decided on. It is
    `resting` once it waits for a person or has ended, and was `lost` if a process was while it ran.
    """

    id: str
    number: int
    message: Message
    status: str
    result: TurnResult | None = None
    reader: "asyncio.Task[None] | None" = None
    last: str | None = None
    text: dict[int, str] = field(default_factory=dict)
    actions: list[str] = field(default_factory=list)
    said: dict[str, set[bool]] = field(default_factory=dict)
    behind: set[int] = field(default_factory=set)
    waited: bool = False
    lost: bool = False
    resting: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(slots=True)
class Talk:
    """What a user did in the current session, in the order in which it was taken in. `pins` are the
    numbers of pinned turns, each with that of the newest turn when it was pinned.
    """

    user: str
    session_id: str = ""
    turns: list[Turn] = field(default_factory=list)
    pins: dict[int, int] = field(default_factory=dict)

    @property
    def open(self) -> list[Turn]:
        return [turn for turn in self.turns if turn.result is None]

    @property
    def waiting(self) -> list[Turn]:
        return [turn for turn in self.turns if turn.actions]

    @property
    def over(self) -> set[int]:
        """The numbers of turns that are known to have ended."""
        return {turn.number for turn in self.turns if turn.result}

    def since(self, first: Turn) -> list[Turn]:
        """A turn and those after it."""
        return [turn for turn in self.turns if turn.number >= first.number]


async def persistently(call: Callable[[], Awaitable[Value]]) -> Value:
    """What users do where Redis does not answer in time, as it may on a busy machine: the same
    again.
    """
    for _ in range(MOST_TRIES - 1):
        with suppress(StoreUnavailable):
            return await call()
    return await call()


class Deployment:
    """Two desks that speak one protocol each, and users who talk to either of them."""

    def __init__(self, desks: Sequence[Desk], upstream: FakeOpenAI, redis: Redis) -> None:
        self.desks, self.upstream, self.redis = desks, upstream, redis
        self.paid: list[str] = []
        self.refunded: Counter[str] = Counter()
        self.turns: list[Turn] = []
        self._numbers = count(1)

    async def say(self, talk: Talk, at: int, words: str, *, run: bool = True, **how: Any) -> Turn:
        """Sends a message, whose words carry the user's mark unless it is a command."""
        number = next(self._numbers)
        text = words if words.startswith("/") else f"<{talk.user}-{number}> {words}"
        message = Message(f"turn_{number}", Caller("acme", talk.user), text, talk.session_id, **how)
        desk, behind = self.desks[at], talk.over
        if run:
            begun = await persistently(partial(desk.start, message))
        else:  # the process dies before it runs the turn
            begin = partial(desk.sessions.begin, message, text, Ledger())
            begun = await persistently(begin)
        talk.session_id = begun.session_id
        turn = Turn(message.turn_id, number, message, begun.state, behind=behind)
        talk.turns.append(turn)
        self.turns.append(turn)
        turn.reader = asyncio.create_task(self._read(talk, turn, self.desks[number % 2]))
        return turn

    async def ended(self, *turns: Turn) -> None:
        """Waits for the end of turns, or until they wait for a person."""
        async with asyncio.timeout(30):
            await asyncio.gather(*(turn.resting.wait() for turn in turns))
        await self.gone(*(turn for turn in turns if not turn.actions))

    async def gone(self, *turns: Turn) -> None:
        """Waits for the end of turns, or until they are forgotten."""
        async with asyncio.timeout(30):
            await asyncio.gather(*(turn.reader for turn in turns if turn.reader))

    async def decide(self, talk: Talk, turn: Turn, at: int, said: Sequence[bool]) -> bool | None:
        """Several people decide at once, at both desks: what counted, if that is known."""
        approval, owner = turn.actions.pop(0), self.owner(talk)
        turn.behind |= talk.over
        if not turn.actions:
            turn.resting.clear()
        calls = [
            persistently(partial(desk.decide, owner, turn.id, Decision(approval, each)))
            for desk, each in zip(cycle((self.desks[at], self.desks[1 - at])), said, strict=False)
        ]
        told = await asyncio.gather(*calls, return_exceptions=True)
        for error in told:
            if not isinstance(error, ApprovalDecided | None):
                raise error
        won = [each for each, error in zip(said, told, strict=True) if error is None]
        assert len(won) <= 1, "two decisions counted"
        turn.said[approval] = set(won or said)
        return won[0] if won else None

    async def cancel(self, talk: Talk, turn: Turn, at: int) -> None:
        """Cancels a turn, whether it runs or waits."""
        cancel = self.desks[at].sessions.cancel
        await persistently(partial(cancel, self.owner(talk), turn.id))
        await self.gone(turn)

    async def records(self, talk: Talk, at: int) -> list[TurnRecord]:
        """The session's history."""
        sessions = self.desks[at].sessions
        try:
            listed = partial(sessions.turns, self.owner(talk), talk.session_id, 1000)
            return list(await persistently(listed))
        except NotFound:
            return []

    def owner(self, talk: Talk) -> str:
        """Under which the user's keys are."""
        return self.desks[0].sessions.owner(Caller("acme", talk.user))

    async def lose(self, talk: Talk, *, dead: bool) -> None:
        """Lets the session's lease run out; `dead` drivers stop first, others become zombies."""
        owner, session_id = self.owner(talk), talk.session_id
        for turn in talk.open:
            turn.lost = turn.lost or not turn.actions
        entry = member(owner, session_id)
        for desk in self.desks if dead else ():
            drive = desk.sessions.drivers._drives.get(entry)
            if drive and drive.task:
                drive.task.cancel()
                await asyncio.wait([drive.task])
        if await self.redis.delete(OwnerKeys(owner).session(session_id, "lease")):
            await self.redis.zadd(LEASES, {entry: 0})

    async def _read(self, talk: Talk, turn: Turn, desk: Desk) -> None:
        with suppress(NotFound):  # it was forgotten
            await persistently(partial(self._follow, talk, turn, desk))
        turn.actions.clear()
        turn.resting.set()
        if turn.result and turn.result.status == "completed":
            assert list(turn.text.values())[-1] == turn.result.answer

    async def _follow(self, talk: Talk, turn: Turn, desk: Desk) -> None:
        """Reads on after the last event that was read."""
        events = desk.sessions.events(self.owner(talk), turn.id, turn.last)
        async with aclosing(events):
            async for turn.last, event in events:
                if isinstance(event, TextDelta):
                    turn.text[event.message] = turn.text.get(event.message, "") + event.text
                elif isinstance(event, TurnWaiting):
                    turn.actions = [each["approval_id"] for each in event.required_actions]
                    turn.waited = True
                    turn.resting.set()
                elif isinstance(event, TurnEnded):
                    turn.result = event.result

    @asynccontextmanager
    async def plugin(self, _place: PluginPlace) -> AsyncIterator[Parts]:
        """Tools that work, fail, cost and need a person; a specialist; a rule for answers only."""

        @tool
        async def look(text: str = "") -> str:
            """Looks something up."""
            return f"found {text}"

        @tool
        async def crash() -> str:
            """Fails."""
            raise ValueError("it broke")

        @tool(side_effect=True)
        async def pay(context: TurnContext) -> str:
            """Pays."""
            self.paid.append(context.turn_id)
            return f"paid in {context.turn_id}"

        @tool(side_effect=True, needs_approval=True)
        async def refund(context: TurnContext) -> str:
            """Pays back, if a person approves."""
            self.refunded[context.turn_id] += 1
            return f"refunded in {context.turn_id}"

        rule = Guardrail("rule", _forbidden, frozenset({"output"}), reach=9)
        expert = Specialist("expert", "Knows all.", "Answer.", sticky_turns=2)
        yield Parts((look, crash, pay, refund), guardrails=(rule,), specialists=(expert,))


async def _forbidden(text: Text) -> Sequence[Finding]:
    hits = re.finditer("forbidden", text.original)
    return [Finding("rule", *hit.span()) for hit in hits]


@asynccontextmanager
async def deployed(url: str, folder: Path) -> AsyncIterator[Deployment]:
    """Opens a deployment on an emptied server."""
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        upstream, redis = await enter(fake_openai()), await enter(open_redis(url))
        await redis.flushall()
        desks: list[Desk] = []
        deployment = Deployment(desks, upstream, redis)
        for protocol in ("responses", "chat_completions"):
            settings = load_settings(
                **{"redis_url": url, "secret": "a secret", "openai_base_url": upstream.base_url},
                **{"data_dir": folder, "lease_s": 0.6, "context_tokens": 400},
                model_api=protocol,
                summary=True,
            )
            plugins = {"props": deployment.plugin}
            policy = replace(default_policy(), blocked_words=("heron",))
            desks.append(await enter(open_desk(settings, plugins=plugins, policy=policy)))
        yield deployment
