"""Desks whose model asks for a refund, which a person has to approve."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Any

from frontdesk.assembly import open_desk
from frontdesk.config import Settings
from frontdesk.contract.approvals import Decision
from frontdesk.contract.context import TurnContext
from frontdesk.contract.events import Event, TurnEnded, TurnWaiting
from frontdesk.contract.guardrails import Policy
from frontdesk.contract.parts import Parts, Plugin, PluginPlace
from frontdesk.contract.tools import tool
from frontdesk.contract.turns import TurnResult
from frontdesk.desk import Desk
from frontdesk.testing import FakeOpenAI, Visitor, text, tool_call

REFUND = ("refund", {"order": "A-1", "amount": 5})
REFUSED = "heron-7731"


def refunds(made: list[str], *, gone: bool = False) -> Mapping[str, Plugin]:
    """A plugin with a refund tool, unless a deploy took it away."""

    @tool(side_effect=True, needs_approval=True)
    async def refund(context: TurnContext, order: str, amount: int) -> str:
        """Pays money back."""
        made.append(f"{order} {amount}")
        return f"refunded {amount} for {order}"

    @tool
    async def look() -> str:
        """Looks something up."""
        return "it is blue"

    @asynccontextmanager
    async def plugin(_place: PluginPlace) -> AsyncIterator[Parts]:
        yield Parts(tools=(look,) if gone else (look, refund))

    return {"refunds": plugin}


@asynccontextmanager
async def desk_with(
    settings: Settings, made: list[str], *, gone: bool = False, **changed: Any
) -> AsyncIterator[Desk]:
    mine = settings.model_copy(update=changed)
    policy = Policy(blocked_words=(REFUSED,))
    async with open_desk(mine, plugins=refunds(made, gone=gone), policy=policy) as desk:
        yield desk


async def asked(ann: Visitor, upstream: FakeOpenAI, *more: Any, **fields: Any) -> TurnResult:
    """A turn that waits for a refund's approval; afterwards the model says that it is done."""
    upstream.script(*more, tool_call(*REFUND), text("It is done."))
    return await waits(ann, await ann.send("Money back, please!", **fields))


async def waits(ann: Visitor, turn_id: str) -> TurnResult:
    """The turn, once it waits."""
    async with aclosing(ann.desk.sessions.events(ann.owner, turn_id)) as events:
        async for _, event in events:
            assert not isinstance(event, TurnEnded)
            if isinstance(event, TurnWaiting):
                break
    return await ann.desk.sessions.result(ann.owner, turn_id)


async def decide(
    ann: Visitor, waiting: TurnResult, approved: bool = True, reason: str = ""
) -> None:
    (action,) = waiting.required_actions
    decision = Decision(action["approval_id"], approved, reason)
    await ann.desk.decide(ann.owner, waiting.turn_id, decision)


async def decided(
    ann: Visitor, waiting: TurnResult, approved: bool = True, reason: str = ""
) -> TurnResult:
    """The result of the turn after the decision."""
    await decide(ann, waiting, approved, reason)
    return ending(await ann.read(waiting.turn_id))


def ending(events: Sequence[Event]) -> TurnResult:
    last = events[-1]
    assert isinstance(last, TurnEnded)
    return last.result


def kinds(items: Any) -> list[str]:
    """Each item as its kind, or as what it says."""
    return [item.get("type") if "call_id" in item else item["content"] for item in items]
