"""The client and real servers: one dies under a reader, and the terminal talks to another."""

import asyncio
import os
import sys
from itertools import cycle
from pathlib import Path

import httpx2
from tests.test_fleet import Server, serving

from frontdesk.client import Client
from frontdesk.contract.events import TextDelta, TurnCreated
from frontdesk.testing import FakeOpenAI


class Balancer(httpx2.AsyncBaseTransport):
    """Sends each request to the next server that takes it."""

    def __init__(self, *servers: Server) -> None:
        self.way = httpx2.AsyncHTTPTransport()
        self.turn = cycle([server.http.base_url for server in servers])

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        place = next(self.turn)
        request.url = request.url.copy_with(host=place.host, port=place.port)
        return await self.way.handle_async_request(request)

    async def aclose(self) -> None:
        await self.way.aclose()


async def test_a_reader_whose_server_is_killed_reads_on_at_the_other(
    tmp_path: Path, upstream: FakeOpenAI
) -> None:
    async with serving(tmp_path, upstream) as one, serving(tmp_path, upstream) as two:
        async with Client(str(two.http.base_url), user="ann") as owner:
            begun = await owner.start("Tell me everything [slow:0.02] [long:150]")
        text, created = "", 0
        balancer = Balancer(one, two)
        async with (
            Client("http://localhost", user="ann", transport=balancer) as ann,
            ann.turns.events(begun.turn_id) as stream,
        ):
            async for event in stream:
                created += isinstance(event, TurnCreated)
                text += event.text if isinstance(event, TextDelta) else ""
                if len(text) > 100 and one.process.returncode is None:
                    one.process.kill()
                    await one.process.wait()
    assert stream.result
    assert (stream.result.status, stream.result.answer, created) == ("completed", text, 1)


async def typed(said: str, *command: str, **environment: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "frontdesk", *command),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **environment},
    )
    out, err = await process.communicate(said.encode())
    return process.returncode or 0, out.decode(), err.decode()


async def test_the_terminal_talks_to_a_server_with_its_key(
    tmp_path: Path, upstream: FakeOpenAI
) -> None:
    data = {"FRONTDESK_DATA_DIR": str(tmp_path)}
    async with serving(tmp_path, upstream) as server:
        _, key, _ = await typed("", "key", "create", "--tenant", "acme", **data)
        chat = ("chat", "--server", str(server.http.base_url))
        status, _, err = await typed("Hello\n", *chat)
        assert (status, "valid credential" in err) == (1, True)
        sent = {"FRONTDESK_SERVER_KEY": key.strip()}
        status, out, err = await typed("Hello\nAnd now?\n", *chat, **sent)
    assert (status, "go on with: --session sess_" in out) == (0, True), err
    assert "Hello" in str(upstream.requests[-1].body["input"])
