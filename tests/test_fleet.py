"""Several server processes on one embedded Valkey, spoken to over HTTP, killed in the middle."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import httpx2
import pytest

from frontdesk.testing import FakeOpenAI

USERS, TURNS = 100, 10


class Upstream(Protocol):
    """A model's server, here or in another process."""

    @property
    def base_url(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Server:
    """A running `frontdesk serve` and a client that speaks to it."""

    process: asyncio.subprocess.Process
    http: httpx2.AsyncClient

    async def chat(self, user: str, message: str, session_id: str | None = None) -> dict[str, Any]:
        body = {"message": message} | ({"session_id": session_id} if session_id else {})
        answer = await self.http.post("/v1/chat", json=body, headers={"X-Frontdesk-User": user})
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def turns(self, user: str, session_id: str) -> list[dict[str, Any]]:
        answer = await self.http.get(
            f"/v1/sessions/{session_id}/turns?limit=100", headers={"X-Frontdesk-User": user}
        )
        return list(answer.json()["turns"])


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def serving(
    folder: Path, upstream: Upstream, workers: str = "1", **settings: str
) -> AsyncIterator[Server]:
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "frontdesk", "serve", "--port", str(port), "--workers", workers),
        stderr=asyncio.subprocess.DEVNULL,
        env={
            "PATH": os.environ["PATH"],
            "FRONTDESK_DATA_DIR": str(folder),
            "OPENAI_BASE_URL": upstream.base_url,
            **settings,
        },
    )
    url = f"http://127.0.0.1:{port}"
    async with httpx2.AsyncClient(base_url=url, timeout=60, limits=LIMITS) as http:
        try:
            await ready(process, http)
            yield Server(process, http)
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
            await process.wait()


LIMITS = httpx2.Limits(max_connections=USERS)


async def ready(process: asyncio.subprocess.Process, http: httpx2.AsyncClient) -> None:
    async with asyncio.timeout(60):
        while process.returncode is None:
            try:
                if (await http.get("/readyz")).status_code == 200:
                    return
            except httpx2.TransportError:
                await asyncio.sleep(0.05)
    raise AssertionError("the server did not start")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


async def converse(user: str, servers: list[Server]) -> tuple[str, str, list[str]]:
    session, said = "", []
    for number in range(TURNS):
        said.append(f"{user} says number {number} of many")
        turn = await servers[number % 2].chat(user, said[-1], session)
        session = turn["session_id"]
    return user, session, said


async def test_a_hundred_users_on_two_processes_each_find_exactly_their_own_history(
    folder: Path, upstream: FakeOpenAI
) -> None:
    async with serving(folder, upstream) as one, serving(folder, upstream) as two:
        users = [f"user{number:03}x" for number in range(USERS)]
        talks = await asyncio.gather(*(converse(user, [one, two]) for user in users))
        for user, session, said in talks:
            assert [turn["user"] for turn in await two.turns(user, session)] == said
        assert upstream.calls == USERS * TURNS
        for request in upstream.requests:
            assert sum(user in str(request.body) for user in users) == 1


async def read_until(stream: httpx2.Response, word: str) -> None:
    async for line in stream.aiter_lines():
        if word in line:
            return


async def test_after_kill_9_in_a_turn_the_session_goes_on_with_valid_history(
    folder: Path, upstream: FakeOpenAI
) -> None:
    async with serving(folder, upstream, FRONTDESK_LEASE_S="1") as one:
        session = (await one.chat("ann", "This is the first message"))["session_id"]
        body = {"message": "And now [slow:0.2] [long:100]", "session_id": session, "stream": True}
        user = {"X-Frontdesk-User": "ann"}
        async with one.http.stream("POST", "/v1/chat", json=body, headers=user) as stream:
            await read_until(stream, "text.delta")
            one.process.kill()
            await one.process.wait()
    async with serving(folder, upstream, FRONTDESK_LEASE_S="1") as two:
        assert (await two.chat("ann", "Are you there again?", session))["status"] == "completed"
        turns = await two.turns("ann", session)
    assert [turn["status"] for turn in turns] == ["completed", "failed", "completed"]
    assert turns[1]["code"] == "interrupted"
    roles = [item.get("role") for item in upstream.requests[-1].body["input"]]
    assert roles == ["user", "assistant"] * 2 + ["user"]


PLUGIN = '''
import os, signal
from contextlib import asynccontextmanager
from pathlib import Path

from frontdesk.contract.parts import Parts
from frontdesk.contract.tools import tool


@tool(side_effect={side_effect})
async def pay() -> str:
    """Pays once, and takes its process with it the first time."""
    done = Path({done!r})
    done.write_text(done.read_text() + "paid ")
    if done.read_text() == "paid ":
        os.kill(os.getpid(), signal.SIGKILL)
    return "paid"


@asynccontextmanager
async def plugin(place):
    yield Parts(tools=(pay,))
'''
"""Its tool kills the process at once, before any event about it can have left."""


@pytest.mark.parametrize(
    ("side_effect", "ends", "times"), [(True, "failed", 1), (False, "completed", 2)]
)
async def test_what_a_tool_has_changed_before_its_process_died_is_not_changed_again(
    tmp_path: Path, upstream: FakeOpenAI, side_effect: bool, ends: str, times: int
) -> None:
    plugins, done, data = tmp_path / "plugins", tmp_path / "done", tmp_path / "data"
    plugins.mkdir(mode=0o755)
    done.write_text("")
    (plugins / "bank.py").write_text(PLUGIN.format(side_effect=side_effect, done=str(done)))
    settings = {"FRONTDESK_LEASE_S": "0.5", "FRONTDESK_PLUGINS_DIR": str(plugins)}
    user = {"X-Frontdesk-User": "ann"}
    async with serving(data, upstream, **settings) as one:
        session = (await one.chat("ann", "Good morning to you"))["session_id"]
        body = {"message": "Pay now [tool:pay]", "session_id": session}
        with suppress(httpx2.HTTPError):
            await one.http.post("/v1/chat", json=body, headers=user)
        await one.process.wait()
    async with serving(data, upstream, **settings) as two:
        assert (await two.chat("ann", "Is it paid?", session))["status"] == "completed"
        found = (await two.turns("ann", session))[1]
    assert (found["status"], done.read_text().count("paid")) == (ends, times)
    roles = [item.get("role", item.get("type")) for item in upstream.requests[-1].body["input"]]
    pair = ["function_call", "function_call_output"]
    assert roles == ["user", "assistant", "user", *pair, "assistant", "user"]
