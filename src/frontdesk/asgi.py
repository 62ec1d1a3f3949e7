"""What the server runs: `uvicorn --factory frontdesk.asgi:create_app`."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TypeAlias

from fastapi import FastAPI

from frontdesk import assembly
from frontdesk.config import Settings, load_settings
from frontdesk.desk import Desk
from frontdesk.server import (
    catalogue,
    chat,
    feedback,
    health,
    metrics,
    openapi,
    sessions,
    trace,
    transfers,
    turns,
    usage,
    users,
)
from frontdesk.server.addresses import Addresses, read_networks
from frontdesk.server.draining import drained_first
from frontdesk.server.identity import open_identity
from frontdesk.server.limits import Endings, Limits
from frontdesk.server.openai import chat_completions, conversations, models, responses
from frontdesk.server.openai.aliases import read_aliases
from frontdesk.server.openai.side_calls import read_side_calls
from frontdesk.server.problems import answer_problems
from frontdesk.server.reception import Reception
from frontdesk.server.request_ids import RequestIds
from frontdesk.server.traffic import CountedStreams, Traffic

OWN = (
    chat,
    turns,
    trace,
    feedback,
    sessions,
    transfers,
    users,
    usage,
    catalogue,
    health,
    metrics,
    openapi,
)
PARTS = (*OWN, models, chat_completions, responses, conversations)
OpenDesk: TypeAlias = Callable[[Settings], AbstractAsyncContextManager[Desk]]


def create_app(
    settings: Settings | None = None, *, open_desk: OpenDesk = assembly.open_desk
) -> FastAPI:
    """The application. It opens its desk when it starts and closes it when it stops; `open_desk`
    brings another desk (the demo's, a test's).

    Raises:
        SettingsError: a setting is wrong; at its start also when everybody could reach a server
            that asks nobody for a key.
    """
    chosen = settings or load_settings()
    traffic = Traffic()
    sizes = (chosen.max_body_bytes, chosen.images)
    openai = (read_aliases(chosen.model_aliases), read_side_calls(chosen.side_calls))

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, Reception]]:
        async with (
            open_desk(chosen) as desk,
            open_identity(chosen, desk.sessions.redis) as identity,
            traffic.watched(),
            Limits(desk.sessions.redis, chosen).keeping() as limits,
        ):
            webhooks = chosen.webhook_allow if chosen.webhook_secret else None
            here = Reception(desk, identity, *sizes, *openai, traffic, limits, webhooks)
            with drained_first(lambda: desk.sessions.drivers.drain(chosen.drain_s)):
                yield {"reception": here}

    app = FastAPI(
        title="frontdesk",
        # One flat table: what walks over `app.routes` sees every route.
        routes=[route for part in PARTS for route in part.router.routes],
        lifespan=lifespan,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.add_middleware(CountedStreams, traffic=traffic)
    app.add_middleware(Endings)
    app.add_middleware(RequestIds)
    app.add_middleware(Addresses, trusted=read_networks(chosen.trusted_proxies))
    answer_problems(app)
    return app
