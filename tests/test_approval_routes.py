"""Approvals over HTTP and on the command line."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from redis.asyncio import Redis
from tests.approvals import REFUND, desk_with
from tests.test_fleet import Server, serving
from tests.test_killed import LEASE, Place, settled, until

from frontdesk.config import Settings
from frontdesk.desk import Desk
from frontdesk.server.api_keys import ApiKeys
from frontdesk.testing import FakeOpenAI, text, tool_call


@pytest.fixture
def made() -> list[str]:
    """The refunds that were made."""
    return []


@pytest_asyncio.fixture
async def desk(settings: Settings, made: list[str]) -> AsyncIterator[Desk]:
    async with desk_with(settings, made) as opened:
        yield opened


async def asked(http: httpx2.AsyncClient, upstream: FakeOpenAI, **headers: str) -> dict[str, Any]:
    upstream.script(tool_call(*REFUND), text("It is done."))
    body = {"message": "Money back, please!"}
    answer = await http.post("/v1/chat", json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def decide(
    http: httpx2.AsyncClient, waiting: dict[str, Any], decision: str = "approve", **headers: str
) -> httpx2.Response:
    body = {
        "approval_id": waiting["required_actions"][0]["approval_id"],
        "decision": decision,
    }
    path = f"/v1/turns/{waiting['turn_id']}/approvals"
    return await http.post(path, json=body, headers=headers)


async def test_a_turn_waits_is_listed_and_goes_on(
    ann_http: httpx2.AsyncClient, upstream: FakeOpenAI, made: list[str]
) -> None:
    waiting = await asked(ann_http, upstream)
    listed = (await ann_http.get("/v1/approvals")).json()["turns"]
    assert [(turn["turn_id"], turn["status"]) for turn in listed] == [
        (waiting["turn_id"], "waiting")
    ]
    answer = await decide(ann_http, waiting)
    assert (answer.status_code, answer.json()["answer"]) == (200, "It is done.")
    again = await decide(ann_http, waiting)
    assert (again.status_code, again.json()["code"]) == (409, "approval_decided")
    assert made == ["A-1 5"]


async def test_another_user_finds_no_such_turn(
    ann_http: httpx2.AsyncClient, upstream: FakeOpenAI, made: list[str]
) -> None:
    waiting = await asked(ann_http, upstream)
    answer = await decide(ann_http, waiting, **{"X-Frontdesk-User": "eve"})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert made == []


async def test_a_body_that_is_no_decision_is_refused(
    ann_http: httpx2.AsyncClient, upstream: FakeOpenAI
) -> None:
    waiting = await asked(ann_http, upstream)
    assert (await decide(ann_http, waiting, "perhaps")).status_code == 422


async def test_a_key_that_may_approve_names_the_user_and_may_do_nothing_else(
    ann_http: httpx2.AsyncClient, upstream: FakeOpenAI, redis: Redis
) -> None:
    keys = ApiKeys(redis)
    (_, chats), (_, approves), (_, reads) = [
        await keys.create("shop", user, scopes)
        for user, scopes in (("ann", {"chat", "read"}), (None, {"approve"}), (None, {"read"}))
    ]
    ann_http.headers.pop("X-Frontdesk-User")
    bearer = {token: {"Authorization": f"Bearer {token}"} for token in (chats, approves, reads)}
    waiting = await asked(ann_http, upstream, **bearer[chats])
    named = {"X-Frontdesk-User": "ann"}
    assert (await decide(ann_http, waiting, **bearer[reads], **named)).status_code == 403
    path = f"/v1/turns/{waiting['turn_id']}"
    looked = await ann_http.get(path, headers=bearer[approves] | named)
    assert looked.status_code == 403
    assert (await decide(ann_http, waiting, **bearer[approves], **named)).status_code == 200


KILLS = '''
import asyncio
from contextlib import asynccontextmanager
from pathlib import Path

from frontdesk.contract.parts import Parts
from frontdesk.contract.tools import tool

HERE = Path(__file__).parent


@tool(side_effect=True, needs_approval=True)
async def refund(order: str, amount: int) -> str:
    """Pays money back."""
    with (HERE / "paid").open("a") as paid:
        paid.write("x")
    if (HERE / "hold").read_text() == "tool":
        (HERE / "reached").write_text("tool")
        await asyncio.Event().wait()
    return "refunded"


@asynccontextmanager
async def plugin(place):
    yield Parts(tools=(refund,))
'''


async def approve_and_kill(server: Server, waiting: dict[str, Any], place: Place) -> None:
    place.hold("tool")
    answer = await decide(server.http, waiting, **{"X-Frontdesk-User": "ann"})
    assert answer.status_code == 202
    await until(lambda: place.reached)
    server.process.kill()
    await server.process.wait()
    place.hold("")


async def test_kill_9_during_an_approved_call_makes_it_no_second_time(
    tmp_path: Path, upstream: FakeOpenAI
) -> None:
    place, ann = Place(tmp_path / "plugins", "tool"), {"X-Frontdesk-User": "ann"}
    (place.folder / "stops.py").write_text(KILLS)
    told = LEASE | {"FRONTDESK_PLUGINS_DIR": str(place.folder)}
    async with serving(tmp_path / "data", upstream, **told) as one:
        waiting = await asked(one.http, upstream, **ann)
    async with serving(tmp_path / "data", upstream, **told) as two:  # it waits over a restart
        await approve_and_kill(two, waiting, place)
    async with serving(tmp_path / "data", upstream, **told) as three:
        (turn,) = await settled(three, waiting["session_id"], 1)
        upstream.reset()
        following = await three.chat("ann", "Was it paid?", waiting["session_id"])
    assert (turn["code"], place.paid) == ("interrupted", 1)
    assert following["status"] == "completed"
    assert "not known" in str(upstream.requests[0].body["input"])


async def test_of_two_processes_that_are_told_at_once_one_makes_the_call(
    tmp_path: Path, upstream: FakeOpenAI
) -> None:
    place, ann = Place(tmp_path / "plugins", ""), {"X-Frontdesk-User": "ann"}
    (place.folder / "stops.py").write_text(KILLS)
    told = {"FRONTDESK_PLUGINS_DIR": str(place.folder)}
    async with (
        serving(tmp_path / "data", upstream, **told) as one,
        serving(tmp_path / "data", upstream, **told) as two,
    ):
        waiting = await asked(one.http, upstream, **ann)
        tries = [decide(server.http, waiting, **ann) for server in (one, two) * 5]
        codes = sorted(answer.status_code for answer in await asyncio.gather(*tries))
        (turn,) = await settled(two, waiting["session_id"], 1)
    assert codes[1:] == [409] * 9
    assert (turn["status"], place.paid) == ("completed", 1)
