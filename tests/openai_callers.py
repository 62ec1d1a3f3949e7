"""A frontdesk server over a real socket, and keys for those who call it as they would OpenAI."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import uvicorn
from fastapi import FastAPI
from openai import AsyncOpenAI
from tests.app_clients import app_on

from frontdesk.config import Settings
from frontdesk.desk import Desk
from frontdesk.server.api_keys import ApiKeys


@asynccontextmanager
async def served(app: FastAPI) -> AsyncIterator[str]:
    """The app on a free port of this machine: its URL."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, ws="none"))
    task = asyncio.create_task(server.serve())
    while not server.started:
        assert not task.done()
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await task


@dataclass(frozen=True, slots=True)
class Front:
    """A running frontdesk: its address, and the keys of two tenants."""

    url: str
    ann_key: str
    bob_key: str

    @property
    def base_url(self) -> str:
        """What a client of OpenAI is pointed at."""
        return f"{self.url}/v1"


@asynccontextmanager
async def front_of(desk: Desk, settings: Settings) -> AsyncIterator[Front]:
    """The desk behind a server, and a key for each of two tenants."""
    keys = ApiKeys(desk.sessions.redis)
    scopes = frozenset({"chat", "read"})
    _, ann = await keys.create("acme", "ann", scopes)
    _, bob = await keys.create("bolt", "bob", scopes)
    async with served(app_on(desk, settings)) as url:
        yield Front(url, ann, bob)


@asynccontextmanager
async def openai_clients(front: Front) -> AsyncIterator[tuple[AsyncOpenAI, AsyncOpenAI]]:
    """The official client for each key; they try nothing again."""
    async with AsyncExitStack() as stack:
        ann, bob = [
            await stack.enter_async_context(
                AsyncOpenAI(base_url=front.base_url, api_key=key, max_retries=0)
            )
            for key in (front.ann_key, front.bob_key)
        ]
        yield ann, bob
