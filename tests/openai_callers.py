"""A frontdesk server over a real socket, and keys for those who call it as they would OpenAI."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
from openai import AsyncOpenAI
from openai.types.chat import ChatCompletionMessageParam
from tests.app_clients import app_on, served

from frontdesk.config import Settings
from frontdesk.desk import Desk
from frontdesk.server.api_keys import ApiKeys


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


def user(text: str) -> list[ChatCompletionMessageParam]:
    """A conversation of one message."""
    return [{"role": "user", "content": text}]


async def ask(http: httpx2.AsyncClient, text: str, **more: Any) -> httpx2.Response:
    """The answer to a request for a chat completion."""
    headers = more.pop("headers", {})
    body = {"model": "frontdesk", "messages": user(text), **more}
    return await http.post("/chat/completions", json=body, headers=headers)
