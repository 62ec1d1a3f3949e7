"""Desks and stores with keys of their own, and a conversation that leaves something everywhere."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

from pydantic import SecretStr
from redis.asyncio import Redis
from tests.approvals import ending, waits
from tests.turns import store

from frontdesk.assembly import open_desk
from frontdesk.config import Settings
from frontdesk.contract.approvals import Decision
from frontdesk.contract.keys import OwnerKeys
from frontdesk.contract.parts import Parts, PluginPlace, Specialist
from frontdesk.contract.tools import tool
from frontdesk.contract.turns import TurnResult
from frontdesk.demo import policy
from frontdesk.sessions.sealing import Sealing
from frontdesk.sessions.store import Sessions
from frontdesk.sessions.transfer import read_transfer
from frontdesk.testing import FakeOpenAI, Visitor, together, tool_call

OLD, NEW = secrets.token_hex(32), secrets.token_hex(32)
SAID, FOUND, NAMED, REASON = "Parrotfish", "Octopus", "Seahorse", "Cuttlefish"
QUESTION = f"Which colours does the garden {SAID} come in?"


@tool
async def catalogue() -> str:
    """A long text."""
    return f"{FOUND} " * 4000


@tool(needs_approval=True)
async def order(piece: str) -> str:
    """Orders a piece."""
    return f"{piece} is ordered"


@asynccontextmanager
async def _reading(_place: PluginPlace) -> AsyncIterator[Parts]:
    tools = ("catalogue", "remember", "order")
    desk = Specialist("triage", "Answers.", "Answer.", tools=tools, tier="cheap")
    yield Parts(tools=(catalogue, order), triage=desk)


def with_keys(settings: Settings, *keys: str) -> Settings:
    changed = {"encryption_keys": SecretStr(",".join(keys)) if keys else None}
    return settings.model_copy(update=changed)


@asynccontextmanager
async def visited(settings: Settings, *keys: str) -> AsyncIterator[Visitor]:
    """A visitor of a desk with these keys."""
    short = settings.model_copy(update={"summary": True, "context_tokens": 600})
    mine, plugins = with_keys(short, *keys), {"reading": _reading}
    async with open_desk(mine, plugins=plugins, policy=policy()) as desk:
        yield Visitor(desk, "ann")


def keyed(redis: Redis, *keys: str, **settings: object) -> Sessions:
    return store(redis, encryption_keys=",".join(keys) or None, **settings)


def sealing(*keys: str) -> Sealing:
    return Sealing([bytes.fromhex(key) for key in keys])


async def converse(ann: Visitor, upstream: FakeOpenAI) -> None:
    """A conversation that leaves something of every kind."""
    await ann.ask(QUESTION, fingerprint=QUESTION, stream=True)
    await ann.desk.sessions.pins.pin(ann.owner, (await ann.records())[0].id)
    await ann.ask(f"{SAID} [tool:catalogue {{}}]")
    await ann.ask(f'{SAID} [tool:remember {{"fact":"I like {SAID}."}}]')
    await _summed_up(ann)
    lifecycle = ann.desk.sessions.lifecycle
    info = await lifecycle.label(ann.owner, ann.session_id, NAMED, {"pet": NAMED})
    pages = [page async for page in lifecycle.export(ann.owner, ann.session_id)]
    await lifecycle.take_in(ann.owner, read_transfer(b"".join(pages)))
    assert (info.title, info.metadata) == (NAMED, {"pet": NAMED})
    assert all(word in pages[0].decode() for word in (SAID, "summary"))
    assert b'"pinned":true' in pages[1]
    await _half_approved(ann, upstream)


async def _half_approved(ann: Visitor, upstream: FakeOpenAI) -> None:
    """Leaves a turn that waits for the second of two decisions."""
    calls = [tool_call("order", {"piece": piece}) for piece in (SAID, FOUND)]
    upstream.script(together(*calls))
    waiting = await waits(ann, await ann.send(f"{SAID}, please!"))
    decision = Decision(waiting.required_actions[0]["approval_id"], False, REASON)
    await ann.desk.decide(ann.owner, waiting.turn_id, decision)


async def approved(ann: Visitor, waiting: TurnResult) -> TurnResult:
    """How a turn ends that `converse` left, with its second decision."""
    decision = Decision(waiting.required_actions[1]["approval_id"], approved=True)
    await ann.desk.decide(ann.owner, waiting.turn_id, decision)
    since = await ann.desk.sessions.approvals.since(ann.owner, waiting.turn_id)
    async with aclosing(ann.desk.sessions.events(ann.owner, waiting.turn_id, since)) as events:
        return ending([event async for _, event in events])


async def _summed_up(ann: Visitor) -> None:
    """Waits until the session has a summary of all that has left its window."""
    meta = OwnerKeys(ann.owner).session(ann.session_id, "meta")
    async with asyncio.timeout(10):
        while True:
            state: Any = await ann.desk.sessions.redis.hmget(meta, "window", "summed", "summary")
            if state[0] == state[1] and state[2]:
                return
            await asyncio.sleep(0.01)
