"""SIGTERM (T62): nothing new begins, what runs ends or goes on elsewhere, the process ends well."""

import asyncio
import json
import signal
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.test_fleet import Server, serving
from tests.workers import USER

from frontdesk.testing import FakeOpenAI, slow

SLOWLY = " ".join(f"word {number}" for number in range(40))
"""Longer than what the guardrails hold back of it."""
STREAMS = 20


async def frames(stream: httpx2.Response) -> AsyncGenerator[tuple[str, str, dict[str, Any]], None]:
    """The events of a stream: id, name, data."""
    fields: dict[str, str] = {}
    async for line in stream.aiter_lines():
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
        elif "event" in fields:
            yield fields.get("id", ""), fields["event"], json.loads(fields["data"])
            fields = {}


class Reader:
    """Reads a turn from its beginning, or after an event; `text` is what it has in the end."""

    def __init__(self) -> None:
        self.turn = self.last = self.text = ""
        self.names: list[str] = []
        self.begun = asyncio.Event()

    async def ask(self, server: Server, message: str = "Hello") -> None:
        body = {"message": message, "stream": True}
        async with server.http.stream("POST", "/v1/chat", json=body, headers=USER) as stream:
            await self._read(stream)

    async def come_back(self, server: Server) -> None:
        path, headers = f"/v1/turns/{self.turn}/events", USER | {"Last-Event-ID": self.last}
        async with server.http.stream("GET", path, headers=headers) as stream:
            await self._read(stream)

    async def _read(self, stream: httpx2.Response) -> None:
        async with aclosing(frames(stream)) as found:
            async for event_id, name, data in found:
                self.turn, self.last = data["turn_id"], event_id or self.last
                self.names.append(name)
                if name == "turn.restarted":
                    self.text = ""
                if name == "text.delta":
                    self.text += data["text"]
                    self.begun.set()


async def draining(server: Server) -> None:
    """Tells a server to stop, and waits until it does."""
    server.process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(10):
        while (await server.http.get("/readyz")).status_code == 200:  # noqa: ASYNC110 - a process
            await asyncio.sleep(0.01)


async def test_streams_end_whole_while_nothing_new_begins(
    tmp_path: Path, upstream: FakeOpenAI
) -> None:
    readers = [Reader() for _ in range(STREAMS)]
    upstream.script(*(slow(0.05, SLOWLY) for _ in readers))
    async with serving(tmp_path, upstream) as server:
        asking = [asyncio.create_task(reader.ask(server)) for reader in readers]
        await asyncio.gather(*(reader.begun.wait() for reader in readers))
        await draining(server)
        refused = await server.http.post("/v1/chat", json={"message": "More"}, headers=USER)
        ready = await server.http.get("/readyz")
        await asyncio.gather(*asking)
        assert await server.process.wait() == 0
    told = {(answer.status_code, answer.json()["code"]) for answer in (refused, ready)}
    assert told == {(503, "draining")}
    assert refused.headers["retry-after"]
    assert {(each.text, each.names[-1]) for each in readers} == {(SLOWLY, "turn.completed")}


async def test_a_turn_that_takes_too_long_goes_on_elsewhere(
    tmp_path: Path, upstream: FakeOpenAI
) -> None:
    reader = Reader()
    upstream.script(slow(0.3, SLOWLY), slow(0.02, SLOWLY))
    told = {"FRONTDESK_LEASE_S": "600"}  # it is not taken over because its lease has ended
    async with serving(tmp_path, upstream, **told) as two:
        async with serving(tmp_path, upstream, **told, FRONTDESK_DRAIN_S="0.2") as one:
            asking = asyncio.create_task(reader.ask(one))
            waiting = asyncio.create_task(one.http.get("/livez"))
            await reader.begun.wait()
            one.process.send_signal(signal.SIGTERM)
            await asyncio.gather(asking, waiting)
            assert await one.process.wait() == 0
        assert reader.names[-1] == "reconnect"
        await reader.come_back(two)
    assert "turn.restarted" in reader.names
    assert (reader.text, reader.names[-1]) == (SLOWLY, "turn.completed")


@pytest.mark.parametrize("workers", ["2"])
async def test_the_workers_of_a_host_and_their_parent_end_well(
    tmp_path: Path, upstream: FakeOpenAI, workers: str
) -> None:
    readers = [Reader() for _ in range(6)]
    upstream.script(*(slow(0.05, SLOWLY) for _ in readers))
    async with serving(tmp_path, upstream, workers=workers) as server:
        asking = [asyncio.create_task(reader.ask(server)) for reader in readers]
        await asyncio.gather(*(reader.begun.wait() for reader in readers))
        server.process.send_signal(signal.SIGTERM)
        await asyncio.gather(*asking)
        assert await server.process.wait() == 0
    assert {(each.text, each.names[-1]) for each in readers} == {(SLOWLY, "turn.completed")}
