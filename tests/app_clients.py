"""HTTP clients of the app in this process, whichever desk stands behind it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import httpx2
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
