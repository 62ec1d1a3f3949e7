"""Many streams on two server processes: clients leave and come back, and one process is killed.

`make storm` runs it with 500 streams; STREAMS sets another number.
"""

import asyncio
import json
import logging
import os
import random
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

import httpx2
import pytest_asyncio
from tests.test_fleet import Server, serving
from tests.test_reconnects import Frame, frames

logger = logging.getLogger(__name__)

STREAMS = int(os.environ.get("STREAMS", "20"))
WORDS, SLOW = 100, max(0.06, STREAMS / 400)
MESSAGE = f"[slow:{SLOW:.2f}] [long:{WORDS}] tell me"
WHOLE = " ".join(f"word{number}" for number in range(1, WORDS + 1))
ENDS = ("turn.completed", "turn.failed")
MOST_EVENTS = 40
AT_ONCE = 8
"""So many turns are begun at a time, on all servers together."""
KILLED_AFTER = STREAMS * 2
PATIENT = {
    "FRONTDESK_MODEL_TIMEOUT_S": "900",
    "FRONTDESK_TURN_TIMEOUT_S": "900",
    "FRONTDESK_REQUESTS_PER_ADDRESS": "0",
    "FRONTDESK_STREAMS_PER_ADDRESS": "0",
    "FRONTDESK_REQUESTS_PER_TENANT": "0",
    "FRONTDESK_TURNS_PER_TENANT": "0",
    "FRONTDESK_TURNS_PER_PROCESS": "2000",
}
LEVEL = 1.15
"""Memory counts as back at its level when it is not more than so many times of it."""


@dataclass
class Storm:
    """One round of streams; `alive` are the servers that readers go to, `texts` counts the words
    that have come, `most` are the streams of one moment, `refused` messages that a
    server was too busy for.
    """

    alive: list[Server]
    dice: random.Random
    round: int
    texts: int = 0
    most: int = 0
    refused: int = 0
    readers: "list[Reader]" = field(default_factory=list)
    enough: asyncio.Event = field(default_factory=asyncio.Event)
    door: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    async def asked(self, number: int) -> "Reader":
        """A turn begun at one of the servers, left at its first event."""
        async with self.door:
            return await self._asked(number)

    async def _asked(self, number: int) -> "Reader":
        while True:
            if reader := await self._let_in(number):
                return reader
            self.refused += 1  # the server is too busy and says so: the client tries again

    async def _let_in(self, number: int) -> "Reader | None":
        user = f"user{number}x{self.round}"
        server = self.alive[number % len(self.alive)]
        body, headers = {"message": MESSAGE, "stream": True}, {"X-Frontdesk-User": user}
        async with server.http.stream("POST", "/v1/chat", json=body, headers=headers) as stream:
            if stream.status_code == 503 and "retry-after" in stream.headers:
                return None
            assert stream.status_code == 200, await stream.aread()
            async for line in stream.aiter_lines():
                if line.startswith("data: "):
                    return Reader(self, json.loads(line[6:])["turn_id"], user)
        raise AssertionError("no event came")

    async def kill(self, victim: Server) -> None:
        """Kills the server in the middle of everything."""
        await self.enough.wait()
        self.most = sum(not reader.ended for reader in self.readers)
        self.alive.remove(victim)
        victim.process.kill()
        await victim.process.wait()


@dataclass
class Reader:
    """One who reads a turn, in many visits."""

    storm: Storm
    turn_id: str
    user: str
    seen: dict[str, Frame] = field(default_factory=dict)

    @property
    def ended(self) -> bool:
        return any(frame.name in ENDS for frame in self.seen.values())

    @property
    def text(self) -> str:
        deltas = (frame for frame in self.seen.values() if frame.name == "text.delta")
        return "".join(json.loads(frame.data)["text"] for frame in deltas)

    async def read(self) -> "Reader":
        """Comes back until the turn has ended, to whichever server is there."""
        while not self.ended:
            server = self.storm.dice.choice(self.storm.alive)
            most = self.storm.dice.randint(1, MOST_EVENTS)
            try:
                await self.visit(server, most)
            except httpx2.TransportError:
                assert server not in self.storm.alive, "a living server broke off"
        return self

    async def visit(self, server: Server, most: int) -> None:
        after = next(reversed(self.seen), "")
        for frame in await frames(server, self.turn_id, self.user, after, most) or ():
            assert frame.id not in self.seen, "an event came twice"
            self.seen[frame.id] = frame
            self.storm.texts += frame.data.count("word")
        if self.storm.texts >= KILLED_AFTER:
            self.storm.enough.set()

    async def end(self, server: Server) -> str:
        """How the turn ended; what was read of it is what its log holds from its beginning on."""
        log = await frames(server, self.turn_id, self.user, "", WORDS * 2)
        assert list(self.seen.values()) == log, "a reader that returned has missed something"
        headers = {"X-Frontdesk-User": self.user}
        turn = (await server.http.get(f"/v1/turns/{self.turn_id}", headers=headers)).json()
        assert WHOLE.startswith(self.text)
        assert turn["status"] == "failed" or self.text == turn["answer"] == WHOLE
        return str(turn["error"]["code"] if "error" in turn else turn["status"])


async def weathered(survivor: Server, victim: Server, number: int) -> list[str]:
    """How the turns of a round ended in which the victim was killed; a third of the readers leave
    at once and return when all is over.
    """
    dice = random.Random(number)  # noqa: S311 - a seed, no secret
    storm = Storm([survivor, victim], dice, number)
    async with asyncio.timeout(900), asyncio.TaskGroup() as group:
        readers = await asyncio.gather(*(storm.asked(place) for place in range(STREAMS)))
        storm.readers = readers
        killing = group.create_task(storm.kill(victim))
        await asyncio.gather(*(r.read() for place, r in enumerate(readers) if place % 3))
        if not storm.enough.is_set():
            ends = [await reader.end(survivor) for reader in readers]
            raise AssertionError(f"the turns ended too early: {Counter(ends)}")
        await killing
        await asyncio.gather(*(r.read() for place, r in enumerate(readers) if not place % 3))
    ends = [await reader.end(survivor) for reader in readers]
    told = (number, dict(Counter(ends)), storm.most, storm.refused)
    logger.info("round %s: %s, %s streams at the kill, %s refused", *told)
    return ends


def resident(server: Server) -> float:
    """The resident memory of a server, in megabytes."""
    asked = ["ps", "-o", "rss=", "-p", str(server.process.pid)]
    told = subprocess.run(asked, capture_output=True, text=True, check=True)
    return int(told.stdout) / 1024


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - what is waited for is in another process
            await asyncio.sleep(0.1)


class Models(NamedTuple):
    """A fake OpenAI in a process of its own, which the readers' work does not slow down."""

    base_url: str


@pytest_asyncio.fixture
async def models() -> AsyncIterator[Models]:
    command = (sys.executable, "-m", "frontdesk.testing.fake_openai")
    fake = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
    assert fake.stdout
    try:
        yield Models((await fake.stdout.readline()).decode().strip())
    finally:
        fake.terminate()
        await fake.wait()


@asynccontextmanager
async def roomy(folder: Path, upstream: Models, **settings: str) -> AsyncIterator[Server]:
    """A server whose client may hold all streams open."""
    limits = httpx2.Limits(max_connections=STREAMS + 10)
    async with serving(folder, upstream, **settings) as server:
        url = server.http.base_url
        async with httpx2.AsyncClient(base_url=url, timeout=60, limits=limits) as http:
            roomy = replace(server, http=http)
            await roomy.chat(
                "warm", "Good morning to you"
            )  # the first message of a process is slow
            yield roomy


async def test_every_turn_ends_every_reader_has_the_whole_text_and_memory_returns_to_its_level(
    tmp_path: Path, models: Models
) -> None:
    told = {"FRONTDESK_LEASE_S": "2" if STREAMS < 100 else "10", **PATIENT}
    place = tmp_path / "data"
    async with roomy(place, models, **told) as survivor:
        levels = [resident(survivor)]
        for number in (1, 2):
            async with roomy(place, models, **told) as victim:
                ends = await weathered(survivor, victim, number)
            assert set(ends) == {"completed", "interrupted"}
            levels.append(resident(survivor))
        logger.info("MB before, after one round, after two: %s", [round(each) for each in levels])
        await until(lambda: resident(survivor) <= levels[1] * LEVEL)
