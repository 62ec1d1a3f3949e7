"""HTTP clients of the app in this process, whichever desk stands behind it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import httpx2
import uvicorn
from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

from frontdesk.asgi import create_app
from frontdesk.config import Settings
from frontdesk.desk import Desk


def app_on(desk: object, settings: Settings) -> FastAPI:
    """The app with this in the place of its desk."""

    @asynccontextmanager
    async def open_desk(settings: Settings) -> AsyncIterator[Desk]:
        yield cast(Desk, desk)

    return create_app(settings, open_desk=open_desk)


@asynccontextmanager
async def client_of(
    app: FastAPI, url: str = "http://localhost", address: str = "127.0.0.1"
) -> AsyncIterator[httpx2.AsyncClient]:
    """A client at that address, for as long as the app runs."""
    async with app.router.lifespan_context(app) as state:

        async def serve(scope: Scope, receive: Receive, send: Send) -> None:
            await app({**scope, "state": dict(state or {})}, receive, send)

        transport = httpx2.ASGITransport(serve, client=(address, 1))
        async with httpx2.AsyncClient(transport=transport, base_url=url) as http:
            yield http


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
