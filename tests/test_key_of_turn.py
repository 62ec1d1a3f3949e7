"""The key of a turn that did not begin with its request: looked up again before it goes on."""

from datetime import UTC, datetime, timedelta

import httpx2
import pytest
from redis.asyncio import Redis
from tests.approvals import asked, decided, desk_with, ending
from tests.doorman import bearer
from tests.histories import faults

from frontdesk.config import Settings
from frontdesk.contract.context import Ledger
from frontdesk.contract.messages import Caller, Message
from frontdesk.contract.turns import TurnResult
from frontdesk.desk import Desk
from frontdesk.server.api_keys import ApiKeys
from frontdesk.sessions.store import Sessions
from frontdesk.testing import FakeOpenAI, Visitor

LONG = "Tell me all of it [slow:0.02] [long:500]"
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
REFUSED = ("unauthorized", 401)


class Door:
    """Requests of one user who has two keys: one of them will be lost."""

    def __init__(self, http: httpx2.AsyncClient, keys: ApiKeys) -> None:
        self.http, self.keys, self.session_id = http, keys, ""

    async def open(self) -> "Door":
        self.http.headers.pop("X-Frontdesk-User")
        self.lost_id, self.lost = await self.keys.create("shop", "ann")
        _, self.good = await self.keys.create("shop", "ann")
        return self

    async def say(self, message: str, token: str, **more: object) -> dict[str, str]:
        session = {"session_id": self.session_id} if self.session_id else {}
        body = {"message": message, **session, **more}
        answer = await self.http.post("/v1/chat", json=body, headers=bearer(token))
        assert answer.is_success, answer.text
        self.session_id = answer.json()["session_id"]
        return dict(answer.json())

    async def wait_in_line(self) -> tuple[str, str]:
        """A turn that runs for long and, with the key that will be lost, one behind it."""
        running = await self.say(LONG, self.good, background=True)
        behind = await self.say("Tell me of the heron", self.lost, background=True)
        assert behind["status"] == "queued"
        return running["turn_id"], behind["turn_id"]

    async def go_on(self, running: str) -> None:
        """Ends the turn that runs, and has another one answered after all that wait."""
        path = f"/v1/turns/{running}/cancel"
        assert (await self.http.post(path, headers=bearer(self.good))).is_success
        assert (await self.say("And now?", self.good))["status"] == "completed"

    async def turn(self, turn_id: str) -> httpx2.Response:
        return await self.http.get(f"/v1/turns/{turn_id}", headers=bearer(self.good))


@pytest.fixture
async def door(ann_http: httpx2.AsyncClient, redis: Redis) -> Door:
    return await Door(ann_http, ApiKeys(redis)).open()


def refused(result: TurnResult) -> bool:
    error = result.error
    return bool(result.status == "failed" and error and (error.code, error.status) == REFUSED)


async def test_a_queued_turn_whose_key_was_revoked_ends_without_a_model(
    door: Door, upstream: FakeOpenAI
) -> None:
    running, behind = await door.wait_in_line()
    assert await door.keys.revoke(door.lost_id)
    await door.go_on(running)
    shown = (await door.turn(behind)).json()
    assert (shown["status"], shown["answer"]) == ("failed", "")
    assert (shown["error"]["code"], shown["error"]["status"]) == REFUSED
    assert "heron" not in str([request.body for request in upstream.requests])


async def test_a_queued_turn_whose_key_is_still_there_runs(
    door: Door, upstream: FakeOpenAI
) -> None:
    running, behind = await door.wait_in_line()
    await door.go_on(running)
    assert (await door.turn(behind)).json()["status"] == "completed"
    assert "heron" in str([request.body for request in upstream.requests])


async def with_ended_key(desk: Desk, redis: Redis) -> Visitor:
    """Ann as a key lets her in that ended long ago."""
    keys = ApiKeys(redis, lambda: LONG_AGO)
    key_id, _ = await keys.create("shop", "ann", expires=LONG_AGO + timedelta(days=1))
    ann = Visitor(desk, "ann", "shop")
    ann.caller = Caller("shop", "ann", key=key_id)
    return ann


async def test_a_queued_turn_whose_key_has_ended_does_not_run(desk: Desk, redis: Redis) -> None:
    ann = await with_ended_key(desk, redis)
    running = await ann.send(LONG, stream=True)  # its request was let in, so it is not asked again
    behind = await ann.send("And the heron?")
    await desk.sessions.cancel(ann.owner, running)
    assert ending(await ann.read(running)).status == "cancelled"
    assert refused(ending(await ann.read(behind)))


async def test_a_turn_that_is_taken_over_has_its_key_looked_up(
    desk: Desk, redis: Redis, settings: Settings, upstream: FakeOpenAI
) -> None:
    ann = await with_ended_key(desk, redis)
    dead = Sessions(redis, b"a secret for tests", settings)
    await dead.begin(Message("turn_a", ann.caller, "one"), "one", Ledger())
    assert refused(ending(await ann.read("turn_a")))
    assert upstream.requests == []


async def test_an_approved_call_is_not_made_once_the_key_is_revoked(
    settings: Settings, redis: Redis, upstream: FakeOpenAI
) -> None:
    made: list[str] = []
    keys = ApiKeys(redis)
    async with desk_with(settings, made) as desk:
        ann = Visitor(desk, "ann", "shop")
        ann.caller = Caller("shop", "ann", key=(await keys.create("shop", "ann"))[0])
        waiting = await asked(ann, upstream)
        await keys.revoke(ann.caller.key)
        assert refused(await decided(ann, waiting))
        (record,) = await ann.records()
    assert made == []
    assert faults(record.items) == []
