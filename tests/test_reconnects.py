"""Readers that come and go: over two server processes, each assembles exactly the text."""

import asyncio
import json
import os
import random
from collections import Counter
from contextlib import aclosing
from itertools import count
from pathlib import Path
from typing import NamedTuple

from redis.asyncio import Redis
from tests.test_fleet import Server, serving
from tests.turns import begun, store

from frontdesk.contract.events import TextDelta, TurnCreated, TurnEnded
from frontdesk.contract.turns import TurnRecord, TurnResult
from frontdesk.sessions.connection import open_redis
from frontdesk.sessions.store import Hold, Sessions
from frontdesk.testing import FakeOpenAI

TURNS, READERS, MOST_EVENTS = 20, 10, 4
OVER_HTTP, OVER_ALL = int(os.environ.get("RECONNECTS", "1000")), 10_000
SEED = 20_270


class Frame(NamedTuple):
    """One event as it came over HTTP."""

    id: str
    name: str
    data: str


async def frames(
    server: Server, turn_id: str, user: str, after: str, most: int
) -> list[Frame] | None:
    """Up to `most` events, then the connection is dropped; None when there are no more."""
    headers = {"X-Frontdesk-User": user} | ({"Last-Event-ID": after} if after else {})
    found, parts = list[Frame](), dict[str, str]()
    url = f"/v1/turns/{turn_id}/events"
    async with server.http.stream("GET", url, headers=headers) as stream:
        if stream.status_code == 204:
            return None
        async for line in stream.aiter_lines():
            name, _, value = line.partition(": ")
            parts[name] = value
            if not line and "id" in parts:
                found.append(Frame(parts["id"], parts["event"], parts["data"]))
                parts = {}
                if len(found) == most:
                    break
    return found


async def assembled(
    servers: list[Server], turn_id: str, user: str, dice: random.Random, visits: Counter[str]
) -> str:
    """What one reader makes of a turn; it sometimes goes back to an event that it has seen."""
    seen: dict[str, Frame] = {}
    while not any(frame.name == "turn.completed" for frame in seen.values()):
        back = dice.random() < 0.2
        after = dice.choice([*seen, ""]) if back else next(reversed(seen), "")
        known = list(seen)
        visits["http"] += 1
        came = await frames(
            dice.choice(servers), turn_id, user, after, dice.randint(1, MOST_EVENTS)
        )
        first = known.index(after) + 1 if after else 0
        for place, frame in enumerate(came or (), first):
            assert place >= len(known) or frame == seen[known[place]], "another event at this place"
            seen[frame.id] = frame
    return "".join(json.loads(f.data)["text"] for f in seen.values() if f.name == "text.delta")


async def test_readers_who_reconnect_to_either_process_each_assemble_exactly_the_text(
    tmp_path: Path, upstream: FakeOpenAI
) -> None:
    dice, visits, place = random.Random(SEED), Counter[str](), tmp_path / "data"  # noqa: S311 - a seed
    words = " ".join(f"word{number}" for number in range(1, 101))
    async with serving(place, upstream) as one, serving(place, upstream) as two:
        rounds = 0
        while visits["http"] < OVER_HTTP:
            rounds += 1
            users = [f"user{number}x{rounds}" for number in range(TURNS)]
            turns = await asyncio.gather(*(asked(one, user) for user in users))
            texts = await asyncio.gather(
                *(assembled([one, two], *turn, dice, visits) for turn in turns for _ in range(3))
            )
            assert set(texts) == {words}


async def asked(server: Server, user: str) -> tuple[str, str]:
    """A long turn that runs on when its user goes away, and the user."""
    body = {"message": "[slow:0.02] [long:100] tell me", "stream": True}
    headers = {"X-Frontdesk-User": user}
    async with server.http.stream("POST", "/v1/chat", json=body, headers=headers) as stream:
        async for line in stream.aiter_lines():
            if line.startswith("data: "):
                return str(json.loads(line[6:])["turn_id"]), user
    raise AssertionError("no event came")


async def produce(sessions: Sessions, hold: Hold, pieces: list[str]) -> None:
    """Runs a turn that says the pieces, each an event of its own."""
    writer, turn_id = sessions.writer(hold), hold.turn_id
    await writer.put(TurnCreated(turn_id, hold.session_id))
    for number, piece in enumerate(pieces):
        await writer.put(TextDelta(turn_id, piece, number))
        await asyncio.sleep(0.02)
    answer = "".join(pieces)
    record = TurnRecord(turn_id, "completed", "", "hi", answer)
    result = TurnResult(turn_id, hold.session_id, "completed", answer)
    await sessions.commit(hold, record, result, writer.take(), agent=None)


async def gather(
    readers: list[Sessions], hold: Hold, dice: random.Random, visits: "count[int]"
) -> str:
    """One reader's text: it takes a few events here, the next ones there."""
    text, last = "", ""
    while True:
        next(visits)
        most, there = dice.randint(1, MOST_EVENTS), dice.choice(readers)
        async with aclosing(there.events(hold.owner, hold.turn_id, last or None)) as events:
            async for event_id, event in events:
                last = event_id
                if isinstance(event, TurnEnded):
                    return text
                text += event.text if isinstance(event, TextDelta) else ""
                most -= 1
                if not most:
                    break


async def test_ten_thousand_reconnects_to_two_stores_lose_and_double_nothing(
    redis: Redis, redis_url: str
) -> None:
    dice, visits = random.Random(SEED), count()  # noqa: S311 - a seed, no secret
    pieces = [f"piece {number} " for number in range(60)]
    async with open_redis(redis_url) as other:
        writer, readers = store(redis), [store(redis), store(other)]
        holds = [await begun(writer, f"turn_{n}", stream=True) for n in range(TURNS)]
        made = [asyncio.create_task(produce(writer, hold, pieces)) for hold in holds]
        while next(visits) < OVER_ALL:
            texts = await asyncio.gather(
                *(gather(readers, hold, dice, visits) for hold in holds for _ in range(READERS))
            )
            assert set(texts) == {"".join(pieces)}
        await asyncio.gather(*made)
