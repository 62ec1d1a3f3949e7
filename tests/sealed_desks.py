"""Desks and stores with keys of their own, and a conversation that leaves something everywhere."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from pydantic import SecretStr
from redis.asyncio import Redis
from tests.turns import store

from frontdesk.assembly import open_desk
from frontdesk.config import Settings
from frontdesk.contract.keys import OwnerKeys
from frontdesk.contract.parts import Parts, PluginPlace, Specialist
from frontdesk.contract.tools import tool
from frontdesk.demo import policy
from frontdesk.sessions.sealing import Sealing
from frontdesk.sessions.store import Sessions
from frontdesk.sessions.transfer import read_transfer
from frontdesk.testing import Visitor

OLD, NEW = secrets.token_hex(32), secrets.token_hex(32)
SAID, FOUND, NAMED = "Parrotfish", "Octopus", "Seahorse"
QUESTION = f"Which colours does the garden {SAID} come in?"


@tool
async def catalogue() -> str:
    """A long text."""
    return f"{FOUND} " * 4000


@asynccontextmanager
async def _reading(_place: PluginPlace) -> AsyncIterator[Parts]:
    tools = ("catalogue", "remember")
    desk = Specialist("triage", "Answers.", "Answer.", tools=tools, tier="cheap")
    yield Parts(tools=(catalogue,), triage=desk)


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


async def converse(ann: Visitor) -> None:
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


async def _summed_up(ann: Visitor) -> None:
    """Waits until the session has a summary of all that has left its window."""
    meta = OwnerKeys(ann.owner).session(ann.session_id, "meta")
    async with asyncio.timeout(10):
        while True:
            state: Any = await ann.desk.sessions.redis.hmget(meta, "window", "summed", "summary")
            if state[0] == state[1] and state[2]:
                return
            await asyncio.sleep(0.01)
