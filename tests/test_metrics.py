"""The numbers of a process, as Prometheus reads them."""

import asyncio
import re
from collections.abc import AsyncIterator

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families
from redis.asyncio import Redis
from tests.app_clients import app_on, client_of

from frontdesk.config import Settings
from frontdesk.desk import Desk
from frontdesk.server.api_keys import ApiKeys
from frontdesk.testing import Visitor

ORDER = "Where is my order 2024-1001?"
QUESTION = "Which colours does the garden bench come in?"


@pytest.fixture
async def http(desk: Desk, settings: Settings, redis: Redis) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of `ann` that may see the metrics."""
    _, key = await ApiKeys(redis).create("local", "ann", {"admin", "chat", "read"})
    async with client_of(app_on(desk, settings)) as http:
        http.headers["Authorization"] = f"Bearer {key}"
        yield http


async def numbers(http: httpx2.AsyncClient, **labels: str) -> dict[str, float]:
    """The samples by name that have these labels."""
    answer = await http.get("/metrics")
    assert answer.status_code == 200
    return {
        sample.name: sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
        if labels.items() <= sample.labels.items()
    }


async def counted(http: httpx2.AsyncClient, turns: int, **labels: str) -> dict[str, float]:
    """The samples, once so many turns are in them: they are counted after their last event."""
    async with asyncio.timeout(10):
        while True:
            if (await numbers(http))["frontdesk_turn_duration_seconds_count"] >= turns:
                return await numbers(http, **labels)
            await asyncio.sleep(0.01)


async def test_turns_are_counted_by_status_and_channel(
    ann: Visitor, http: httpx2.AsyncClient
) -> None:
    await ann.ask(ORDER)
    await ann.ask("And the other one?", channel="cli")
    found = await counted(http, 2, status="completed", channel="cli")
    assert found["frontdesk_turns_total"] == 1


async def test_tokens_and_money_are_counted_by_model(
    ann: Visitor, http: httpx2.AsyncClient, settings: Settings
) -> None:
    receipt = (await ann.ask(QUESTION)).receipt
    found = await counted(http, 1, model=settings.triage_model, type="input")
    spent = await numbers(http, model=settings.triage_model)
    assert receipt
    assert found["frontdesk_tokens_total"] == receipt.input_tokens
    assert spent["frontdesk_cost_usd_total"] == pytest.approx(float(receipt.cost_usd or 0))


async def test_the_time_to_the_first_text_is_that_of_readers(
    ann: Visitor, http: httpx2.AsyncClient
) -> None:
    await ann.ask(QUESTION)
    await ann.ask("And in which sizes?", stream=True)
    assert (await counted(http, 2))["frontdesk_time_to_first_token_seconds_count"] == 1


async def test_readers_that_come_back_are_counted(ann: Visitor, http: httpx2.AsyncClient) -> None:
    turn = await ann.send(ORDER)
    await ann.read(turn)
    events = await http.get(f"/v1/turns/{turn}/events")
    (first, *_) = re.findall(r"^id: (\S+)", events.text, re.MULTILINE)
    await http.get(f"/v1/turns/{turn}/events", headers={"Last-Event-ID": first})
    found = await numbers(http)
    assert found["frontdesk_stream_resumes_total"] == 1
    assert found["frontdesk_active_streams"] == 0


async def test_every_number_says_which_process_it_is_from(http: httpx2.AsyncClient) -> None:
    families = text_string_to_metric_families((await http.get("/metrics")).text)
    samples = [sample for family in families for sample in family.samples]
    assert samples
    assert all(sample.labels["process"].isdigit() for sample in samples)


async def test_no_user_session_or_word_is_in_it(ann: Visitor, http: httpx2.AsyncClient) -> None:
    turn = await ann.ask(ORDER)
    await counted(http, 1)
    text = (await http.get("/metrics")).text
    assert not [word for word in ('"ann"', "2024", turn.session_id, turn.turn_id) if word in text]


async def test_without_the_scope_there_are_no_numbers(ann_http: httpx2.AsyncClient) -> None:
    assert (await ann_http.get("/metrics")).status_code == 403
