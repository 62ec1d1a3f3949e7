"""An application whose desk takes nobody in: it notes who came and says that there is nothing."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
from redis.asyncio import Redis
from tests.app_clients import app_on, client_of

from frontdesk.config import Settings
from frontdesk.contract.errors import NotFound
from frontdesk.contract.messages import Caller, Message

HERE = "http://127.0.0.1:8080"


class Doorman:
    """A desk that takes nobody in."""

    def __init__(self, redis: Redis) -> None:
        self.redis = redis
        self.seen: list[Caller] = []
        self.sessions = self

    def owner(self, caller: Caller) -> str:
        self.seen.append(caller)
        return "owner"

    async def start(self, message: Message) -> None:
        raise NotFound("Nothing here.")

    async def result(self, owner: str, turn_id: str) -> None:
        raise NotFound("Nothing here.")


@asynccontextmanager
async def calling(
    doorman: Doorman,
    url: str = HERE,
    client: str = "127.0.0.1",
    host: str = "127.0.0.1",
    **settings: Any,
) -> AsyncIterator[httpx2.AsyncClient]:
    app = app_on(doorman, Settings(host=host, _env_file=None, **settings))
    async with client_of(app, url, client) as http:
        yield http


def bearer(token: str, user: str | None = None) -> dict[str, str]:
    named = {} if user is None else {"X-Frontdesk-User": user}
    return {"Authorization": f"Bearer {token}", **named}


async def look(http: httpx2.AsyncClient, headers: Any = None) -> int:
    return (await http.get("/v1/turns/turn_1", headers=headers or {})).status_code
