"""Fixtures for all tests: a real embedded Valkey, and a client that notices keys without an end."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest
import pytest_asyncio
from openai import AsyncOpenAI
from redis.asyncio import Redis
from starlette.types import Receive, Scope, Send
from tests.openai_callers import Front, front_of, openai_clients
from tests.protocol_desks import desk_of

from frontdesk.asgi import create_app
from frontdesk.assembly import open_desk
from frontdesk.config import Settings, load_settings
from frontdesk.demo import policy, shop
from frontdesk.desk import Desk
from frontdesk.sessions.connection import open_redis
from frontdesk.sessions.embedded import embedded_server
from frontdesk.testing import FakeOpenAI, Visitor, fake_openai
from frontdesk.tracing.spans import Spans, installed


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def redis_url(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """One embedded server for all tests."""
    async with embedded_server(tmp_path_factory.mktemp("valkey")) as url:
        yield url


@pytest_asyncio.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    """A client on an empty server; afterwards every key of an owner must have a time to live."""
    async with open_redis(redis_url) as client:
        await client.flushall()
        yield client
        keys = [key async for key in client.scan_iter(match="fd:{*", count=1000)]
        endless = [key for key in keys if await client.ttl(key) == -1]
        assert not endless, f"keys of an owner without a time to live: {endless}"


@pytest_asyncio.fixture
async def upstream() -> AsyncIterator[FakeOpenAI]:
    """A fake OpenAI that every model call of the test goes to."""
    async with fake_openai() as fake:
        yield fake


@pytest_asyncio.fixture
async def client(upstream: FakeOpenAI) -> AsyncIterator[AsyncOpenAI]:
    """The official client on the fake OpenAI; it tries nothing again."""
    async with AsyncOpenAI(base_url=upstream.base_url, api_key="any", max_retries=0) as client:
        yield client


@pytest.fixture
def no_traces() -> Iterator[None]:
    """Keeps what the SDK traces in this process."""
    with installed(Spans(), to_openai=False):
        yield


@pytest.fixture
def settings(redis_url: str, redis: Redis, upstream: FakeOpenAI, tmp_path: Path) -> Settings:
    """Settings of a deployment on the test's own server and the fake OpenAI."""
    return load_settings(
        redis_url=redis_url,
        secret="a secret for tests",
        openai_base_url=upstream.base_url,
        data_dir=tmp_path,
        lease_s=2.0,
    )


@pytest_asyncio.fixture
async def desk(settings: Settings) -> AsyncIterator[Desk]:
    """The demo shop's desk; the fake OpenAI stands behind its agents."""
    async with open_desk(settings, plugins={"shop": shop}, policy=policy()) as opened:
        yield opened


@pytest.fixture
def ann(desk: Desk) -> Visitor:
    """A user of the desk."""
    return Visitor(desk, "ann")


@pytest.fixture
def bob(desk: Desk) -> Visitor:
    """Another user of the desk."""
    return Visitor(desk, "bob")


@pytest_asyncio.fixture
async def ann_http(desk: Desk, settings: Settings) -> AsyncIterator[httpx2.AsyncClient]:
    """Requests by `ann` to the server of the desk."""

    @asynccontextmanager
    async def opened(_settings: Settings) -> AsyncIterator[Desk]:
        yield desk

    app = create_app(settings, open_desk=opened)
    async with app.router.lifespan_context(app) as state:

        async def serve(scope: Scope, receive: Receive, send: Send) -> None:
            await app({**scope, "state": dict(state or {})}, receive, send)

        headers = {"X-Frontdesk-User": "ann"}
        transport = httpx2.ASGITransport(serve)
        async with httpx2.AsyncClient(
            transport=transport, base_url="http://localhost", headers=headers
        ) as client:
            yield client


@pytest_asyncio.fixture
async def front(desk: Desk, settings: Settings) -> AsyncIterator[Front]:
    """The desk behind a server on a socket, with keys of two tenants."""
    aliases = {"model_aliases": ("gpt-4o=frontdesk", "support=complaints", "lost=nobody")}
    async with front_of(desk, settings.model_copy(update=aliases)) as front:
        yield front


@pytest_asyncio.fixture
async def ann_openai(front: Front) -> AsyncIterator[AsyncOpenAI]:
    """The official client, of `ann`, on that server; it tries nothing again."""
    async with openai_clients(front) as (ann, _):
        yield ann


@pytest_asyncio.fixture
async def ann_at_front(front: Front) -> AsyncIterator[httpx2.AsyncClient]:
    """Requests by `ann` to that server, below `/v1`."""
    headers = {"Authorization": f"Bearer {front.ann_key}"}
    async with httpx2.AsyncClient(base_url=front.base_url, headers=headers) as client:
        yield client


@pytest_asyncio.fixture
async def protocol_desk(settings: Settings) -> AsyncIterator[Desk]:
    """A desk with tools of its own and a strict policy, to be asked in OpenAI's protocols."""
    async with desk_of(settings) as opened:
        yield opened


@pytest_asyncio.fixture
async def protocol_front(protocol_desk: Desk, settings: Settings) -> AsyncIterator[Front]:
    """The server of that desk."""
    async with front_of(protocol_desk, settings) as front:
        yield front


@pytest_asyncio.fixture
async def protocol_clients(
    protocol_front: Front,
) -> AsyncIterator[tuple[AsyncOpenAI, AsyncOpenAI]]:
    """The official client for `ann` and for `bob` of another tenant."""
    async with openai_clients(protocol_front) as clients:
        yield clients
