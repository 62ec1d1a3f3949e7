"""Redis down, slow, silent, full, read-only, loading, emptied, or holding what nobody can read."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from time import perf_counter

import httpx2
import pytest
from redis.asyncio import Redis
from starlette.types import Receive, Scope, Send
from tests.redis_topologies import Proxy, Server, free_ports, lone_server, proxy, until

from frontdesk.asgi import create_app
from frontdesk.assembly import open_desk
from frontdesk.config import Settings, load_settings
from frontdesk.contract.errors import NotFound, StoreUnavailable
from frontdesk.contract.events import Event, TurnEnded
from frontdesk.demo import policy, shop
from frontdesk.desk import Desk
from frontdesk.testing import FakeOpenAI, Visitor

PROMPT_S = 3.0
"""Two seconds to find out, and one for a machine that is busy."""
BACK_S = 5.0


def settings(url: str, upstream: FakeOpenAI, folder: Path) -> Settings:
    return load_settings(
        redis_url=url,
        secret="a secret for tests",
        openai_base_url=upstream.base_url,
        data_dir=folder,
        lease_s=2.0,
    )


@asynccontextmanager
async def desk_on(url: str, upstream: FakeOpenAI, folder: Path) -> AsyncIterator[Desk]:
    chosen = settings(url, upstream, folder)
    async with open_desk(chosen, plugins={"shop": shop}, policy=policy()) as desk:
        yield desk


@asynccontextmanager
async def serving(
    url: str, upstream: FakeOpenAI, folder: Path
) -> AsyncIterator[httpx2.AsyncClient]:
    """The whole application on that Redis."""
    app = create_app(settings(url, upstream, folder))
    async with app.router.lifespan_context(app) as state:

        async def serve(scope: Scope, receive: Receive, send: Send) -> None:
            await app({**scope, "state": dict(state or {})}, receive, send)

        transport = httpx2.ASGITransport(serve)
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as http:
            yield http


@pytest.fixture
async def lone(tmp_path: Path) -> AsyncIterator[Server]:
    async with lone_server(tmp_path / "redis") as server:
        yield server


@pytest.fixture
async def between(lone: Server) -> AsyncIterator[Proxy]:
    async with proxy(lone.port) as standing:
        yield standing


async def refused(ann: Visitor) -> tuple[StoreUnavailable, float]:
    """How a message is refused, and how many seconds that takes."""
    began = perf_counter()
    with pytest.raises(StoreUnavailable) as error:
        await ann.send("Is anybody there?")
    return error.value, perf_counter() - began


async def answered(ann: Visitor) -> float:
    """Asks until it is answered; how many seconds that takes."""
    began = perf_counter()
    async with asyncio.timeout(BACK_S):
        while True:
            try:
                assert (await ann.ask("And now?")).status == "completed"
                return perf_counter() - began
            except StoreUnavailable:
                await asyncio.sleep(0.05)


async def test_a_server_whose_redis_is_down_at_its_start_serves_when_it_is_there(
    upstream: FakeOpenAI, tmp_path: Path
) -> None:
    late = Server(tmp_path / "redis", free_ports(1)[0], ())
    async with serving(late.url, upstream, tmp_path) as http:
        assert (await http.get("/readyz")).status_code == 503
        assert (await http.get("/livez")).status_code == 200
        answer = await http.post("/v1/chat", json={"message": "Good morning"})
        assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable")
        assert answer.headers["Retry-After"]
        try:
            await late.start()
            async with asyncio.timeout(BACK_S):
                while (await http.get("/readyz")).status_code != 200:  # noqa: ASYNC110 - a probe
                    await asyncio.sleep(0.05)
            answer = await http.post("/v1/chat", json={"message": "Good morning"})
            assert answer.json()["status"] == "completed"
        finally:
            await late.kill()


async def test_a_turn_outlives_a_redis_that_is_killed_and_started_again(
    lone: Server, upstream: FakeOpenAI, tmp_path: Path
) -> None:
    async with desk_on(lone.url, upstream, tmp_path) as desk:
        ann = Visitor(desk, "ann")
        await ann.ask("Good morning")
        turn = await ann.send("Tell me [slow:0.05] [long:20]", stream=True)
        begun = asyncio.Event()
        reading = asyncio.create_task(read(ann, turn, begun))
        await begun.wait()
        await lone.kill()
        _, took = await refused(Visitor(desk, "bob"))
        assert took < PROMPT_S
        await lone.start()
        last = await reading
        assert isinstance(last, TurnEnded)
        assert last.result.status == "completed"
        assert [record.id for record in await ann.records()][-1] == turn
        assert len(await ann.records()) == 2


async def read(ann: Visitor, turn: str, begun: asyncio.Event) -> Event:
    """Reads a turn to its end; says when the first of it has come."""
    async with aclosing(ann.desk.sessions.events(ann.owner, turn)) as events:
        async for _, last in events:
            begun.set()
            event = last
    return event


@pytest.mark.parametrize("fault", ["slow", "half-open", "refusing"])
async def test_a_redis_that_does_not_answer_is_told_in_time_and_used_again_when_it_does(
    fault: str, between: Proxy, upstream: FakeOpenAI, tmp_path: Path
) -> None:
    async with desk_on(between.url, upstream, tmp_path) as desk:
        ann = Visitor(desk, "ann")
        await ann.ask("Good morning")
        between.delay_s = 2.0 if fault == "slow" else 0.0
        between.hole, between.refuses = fault == "half-open", fault == "refusing"
        if between.refuses:
            between.drop_all()
        error, took = await refused(ann)
        assert error.retry_after_s
        assert took < PROMPT_S
        between.delay_s, between.hole, between.refuses = 0.0, False, False
        assert await answered(ann) < BACK_S


async def test_a_reset_in_the_middle_of_many_turns_loses_and_doubles_none(
    between: Proxy, upstream: FakeOpenAI, tmp_path: Path
) -> None:
    async with desk_on(between.url, upstream, tmp_path) as desk:
        visitors = [Visitor(desk, f"user{number}") for number in range(10)]
        for number in range(5):
            asked = [
                asyncio.create_task(one.ask(f"Message {number} of {one.caller.user}"))
                for one in visitors
            ]
            await asyncio.sleep(0.01 * number)
            between.drop_all()
            assert {result.status for result in await asyncio.gather(*asked)} == {"completed"}
        for one in visitors:
            said = [record.user for record in await one.records()]
            assert said == [f"Message {number} of {one.caller.user}" for number in range(5)]
        assert upstream.calls == 50


async def test_a_full_redis_refuses_before_a_model_is_asked_and_nothing_is_half_written(
    lone: Server, upstream: FakeOpenAI, tmp_path: Path
) -> None:
    async with desk_on(lone.url, upstream, tmp_path) as desk, lone.client() as redis:
        ann = Visitor(desk, "ann")
        await ann.ask("Good morning")
        calls, kept = upstream.calls, await snapshot(redis)
        await redis.config_set("maxmemory", 1)
        error, took = await refused(ann)
        assert ("out of memory" in error.detail, took < PROMPT_S) == (True, True)
        assert len(await ann.records()) == 1
        assert (upstream.calls, await snapshot(redis)) == (calls, kept)
        await redis.config_set("maxmemory", 0)
        assert await answered(ann) < BACK_S


async def snapshot(redis: Redis) -> set[bytes]:
    """All keys of owners; places among those that run at once are given back a moment later."""
    return {key async for key in redis.scan_iter(match="fd:{*") if b":limit:" not in key}


async def test_a_turn_that_redis_has_no_room_for_is_written_when_it_has(
    lone: Server, upstream: FakeOpenAI, tmp_path: Path
) -> None:
    async with desk_on(lone.url, upstream, tmp_path) as desk, lone.client() as redis:
        ann = Visitor(desk, "ann")
        turn = await ann.send("Tell me [slow:0.05] [long:10]")
        await redis.config_set("maxmemory", 1)
        async with asyncio.timeout(10):
            while upstream.calls < 1:  # noqa: ASYNC110 - the fake has no event for it
                await asyncio.sleep(0.01)
        assert (await desk.sessions.result(ann.owner, turn)).status == "in_progress"
        await redis.config_set("maxmemory", 0)
        assert [event.kind for event in await ann.read(turn)][-1] == "turn.completed"
        assert upstream.calls == 1


async def test_a_read_only_redis_is_told_as_changing_over(
    lone: Server, upstream: FakeOpenAI, tmp_path: Path
) -> None:
    async with desk_on(lone.url, upstream, tmp_path) as desk, lone.client() as redis:
        ann = Visitor(desk, "ann")
        await ann.ask("Good morning")
        await redis.replicaof("127.0.0.1", free_ports(1)[0])
        error, took = await refused(ann)
        assert ("changing over" in error.detail, took < PROMPT_S) == (True, True)
        await redis.replicaof("NO", "ONE")
        assert await answered(ann) < BACK_S


async def test_a_redis_that_is_loading_is_told_in_time(
    tmp_path: Path, upstream: FakeOpenAI
) -> None:
    async with lone_server(tmp_path / "redis") as lone:
        async with lone.client() as redis:
            await redis.eval("for i = 1, 40000 do redis.call('SET', 'k' .. i, i) end", 0)
        await lone.kill()
        await lone.start(
            "--key-load-delay", "20", "--loading-process-events-interval-bytes", "1024"
        )
        async with desk_on(lone.url, upstream, tmp_path) as desk:
            await until(lambda: says_that_it_is_loading(lone))
            error, took = await refused(Visitor(desk, "ann"))
            assert error.retry_after_s
            assert took < PROMPT_S
            assert await answered(Visitor(desk, "ann")) < BACK_S


async def says_that_it_is_loading(server: Server) -> bool:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(b"GET k1\r\n")
    said = await reader.readline()
    writer.close()
    return said.startswith(b"-LOADING")


async def test_after_redis_was_emptied_a_session_is_not_found_and_none_begins_in_silence(
    lone: Server, upstream: FakeOpenAI, tmp_path: Path
) -> None:
    async with desk_on(lone.url, upstream, tmp_path) as desk, lone.client() as redis:
        ann = Visitor(desk, "ann")
        await ann.ask("My parrot is called Kiwi")
        turn = await ann.send("Tell me [slow:0.1] [long:10]")
        await redis.flushall()
        with pytest.raises(NotFound):
            await ann.send("What is it called?")
        with pytest.raises(NotFound):
            await ann.read(turn)
        async with asyncio.timeout(10):
            while desk.sessions.drivers._drives:  # noqa: ASYNC110 - to its silent end
                await asyncio.sleep(0.02)
        assert await snapshot(redis) == set()
