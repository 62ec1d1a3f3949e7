"""What was used: added up by day for a user and for the tenant, once, and forgotten."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest
from redis.asyncio import Redis
from tests.app_clients import app_on, client_of

from frontdesk.cli import main
from frontdesk.config import Settings
from frontdesk.contract.context import TurnContext
from frontdesk.contract.keys import OwnerKeys
from frontdesk.contract.messages import Caller, Message
from frontdesk.contract.turns import ModelUse, TurnResult
from frontdesk.contract.usage import Used
from frontdesk.desk import Desk
from frontdesk.server.api_keys import ApiKeys
from frontdesk.server.examples import RECEIPT
from frontdesk.testing import Visitor

TODAY = datetime.now(UTC).date()
ORDER = "Where is my order 2024-1001?"
QUESTION = "Which colours does the garden bench come in?"


@pytest.fixture
async def admin(desk: Desk, settings: Settings, redis: Redis) -> AsyncIterator[httpx2.AsyncClient]:
    _, key = await ApiKeys(redis).create("local", scopes={"admin"})
    async with client_of(app_on(desk, settings)) as http:
        http.headers["Authorization"] = f"Bearer {key}"
        yield http


def turn(turn_id: str, user: str = "ann") -> TurnContext:
    return TurnContext(Message(turn_id, Caller("local", user), "?"), "?", "sess_1")


def result(turn_id: str, *uses: ModelUse) -> TurnResult:
    receipt = replace(RECEIPT, by_model=uses)
    return TurnResult(turn_id, "sess_1", "completed", "!", "triage", "triage", receipt=receipt)


def use(model: str, cost: str | None) -> ModelUse:
    return ModelUse("triage", model, 2, 100, 40, 10, 5, cost)


async def used(http: httpx2.AsyncClient, turns: int, **query: Any) -> dict[str, Any]:
    """The report, once so many turns are in it: they are added after their last event."""
    async with asyncio.timeout(10):
        while True:
            answer = await http.get("/v1/usage", params=query)
            report: dict[str, Any] = answer.json()
            if report["total"]["turns"] >= turns:
                return report
            await asyncio.sleep(0.01)


async def test_a_turn_is_in_the_sums_of_its_user(
    ann: Visitor, ann_http: httpx2.AsyncClient
) -> None:
    answered = await ann.ask(QUESTION)
    report = await used(ann_http, 1)
    assert answered.receipt
    assert report["total"]["turns"] == 1
    assert report["total"]["model_calls"] == answered.receipt.model_calls > 0
    assert report["total"]["input_tokens"] == answered.receipt.input_tokens
    assert [day["name"] for day in report["groups"]] == [TODAY.isoformat()]
    assert "users" not in report


async def test_a_turn_without_a_model_counts_as_a_turn(
    ann: Visitor, ann_http: httpx2.AsyncClient
) -> None:
    await ann.ask(ORDER)
    (group,) = (await used(ann_http, 1, group_by="rung"))["groups"]
    assert (group["name"], group["turns"], group["cost_usd"]) == ("handler", 1, "0")


async def test_others_are_not_in_it(bob: Visitor, ann_http: httpx2.AsyncClient) -> None:
    usage = bob.desk.sessions.usage
    await usage.count(turn("a", "bob"), result("a"))
    assert await usage.read(bob.owner, TODAY, TODAY)
    assert (await used(ann_http, 0))["total"]["turns"] == 0


async def test_groups_add_up_to_the_total_and_the_dearest_is_first(
    desk: Desk, ann_http: httpx2.AsyncClient
) -> None:
    await desk.sessions.usage.count(turn("a"), result("a", use("cheap", "0.0000001")))
    await desk.sessions.usage.count(
        turn("b"), result("b", use("dear", "0.25"), use("cheap", "0.1"))
    )
    report = await used(ann_http, 2, group_by="model")
    assert report["total"]["cost_usd"] == "0.3500001"
    assert [(g["name"], g["turns"], g["cost_usd"]) for g in report["groups"]] == [
        ("dear", 1, "0.25"),
        ("cheap", 2, "0.1000001"),
    ]


async def test_a_call_of_unknown_price_is_counted_as_such(
    desk: Desk, ann_http: httpx2.AsyncClient
) -> None:
    await desk.sessions.usage.count(turn("a"), result("a", use("new", None)))
    total = (await used(ann_http, 1))["total"]
    assert (total["unpriced_calls"], total["cost_usd"], total["input_tokens"]) == (2, "0", 100)


async def test_a_turn_that_is_told_twice_is_added_once(
    desk: Desk, admin: httpx2.AsyncClient
) -> None:
    for _ in range(2):
        await desk.sessions.usage.count(turn("a"), result("a", use("dear", "0.25")))
    report = await used(admin, 1)
    assert (report["total"]["turns"], report["users"][0]["turns"]) == (1, 1)


async def test_an_admin_sees_the_tenant_by_user(
    ann: Visitor, bob: Visitor, desk: Desk, admin: httpx2.AsyncClient
) -> None:
    await ann.ask(ORDER)
    await desk.sessions.usage.count(turn("b", "bob | x"), result("b", use("dear", "0.25")))
    await Visitor(desk, "eve", "another tenant").ask(ORDER)
    report = await used(admin, 2)
    assert [(user["user"], user["turns"]) for user in report["users"]] == [
        ("bob | x", 1),
        ("ann", 1),
    ]
    assert report["total"]["turns"] == 2
    first = await used(admin, 2, limit=1)
    assert ([user["user"] for user in first["users"]], first["has_more"]) == (["bob | x"], True)


async def test_who_is_forgotten_leaves_the_users_but_not_the_tenants_sum(
    ann: Visitor, desk: Desk, admin: httpx2.AsyncClient, redis: Redis
) -> None:
    await ann.ask(ORDER)
    await used(admin, 1)
    erased = await desk.sessions.erasure.forget(ann.owner, "local")
    report = await used(admin, 1)
    assert erased.deleted["usage"] == 2
    assert (report["users"], report["total"]["turns"]) == ([], 1)
    tenant = OwnerKeys(desk.sessions.usage.tenant("local")).usage(TODAY.isoformat())
    assert not [field for field in await redis.hkeys(tenant) if ann.owner.encode() in field]


@pytest.mark.parametrize(
    "query",
    [
        {"from": "2026-02-30"},
        {"from": "yesterday"},
        {"from": "2026-03-02", "to": "2026-03-01"},
        {"from": "2020-01-01"},
        {"to": "0001-01-01"},
        {"group_by": "user"},
        {"limit": "0"},
    ],
)
async def test_days_and_groups_that_are_none_are_refused(
    ann_http: httpx2.AsyncClient, query: dict[str, str]
) -> None:
    assert (await ann_http.get("/v1/usage", params=query)).status_code == 422


async def test_a_day_outside_is_not_in_it(ann: Visitor, ann_http: httpx2.AsyncClient) -> None:
    await ann.ask(ORDER)
    await used(ann_http, 1)
    assert (await used(ann_http, 0, **{"from": "2025-01-01", "to": "2025-01-31"}))["groups"] == []


async def test_what_redis_cannot_count_costs_no_turn(ann: Visitor, redis: Redis) -> None:
    day = OwnerKeys(ann.owner).usage(TODAY.isoformat())
    await redis.set(day, "no hash", ex=60)
    assert (await ann.ask(ORDER)).status == "completed"


def test_sums_are_exact() -> None:
    total = sum([Used(cost_usd="0.1")] * 3, Used())
    assert (total.cost_usd, total.turns) == ("0.3", 0)


def test_the_command_prints_a_table(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("FRONTDESK_DATA_DIR", str(tmp_path / "data"))
    for command in (["demo", "--ask", ORDER], ["usage", "--by", "rung", "--user", "local"]):
        with pytest.raises(SystemExit, match="0"):
            main(command)
    assert re.search(r"RUNG.*\nhandler +1 +0", capsys.readouterr().out)
