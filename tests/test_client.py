"""The client: typed answers and events, streams that come back, messages that are never doubled."""

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import orjson
import pytest
import pytest_asyncio
from fastapi import FastAPI
from starlette.types import Receive, Scope, Send
from tests.app_clients import app_on
from tests.approvals import REFUND, desk_with
from tests.flaky import Flaky

from frontdesk.client import Client, Stream, Unreachable
from frontdesk.client import connection as connections
from frontdesk.config import Settings
from frontdesk.contract.errors import (
    ApprovalDecided,
    BudgetExhausted,
    InvalidRequest,
    NotFound,
    QueueFull,
    UpstreamFailed,
)
from frontdesk.contract.events import Event, TextDelta, TurnCreated, TurnEnded
from frontdesk.contract.turns import TurnResult
from frontdesk.testing import FakeOpenAI, text, tool_call
from frontdesk.testing.fake_openai.answers import Reply

LONG = text(*(f"Word {n}. " for n in range(60)))
WORDS = "".join(f"Word {n}. " for n in range(60))


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "FIRST_PAUSE_S", 0.001)


@pytest_asyncio.fixture
async def way(settings: Settings) -> AsyncIterator[Flaky]:
    """The way to an application in this process."""
    async with desk_with(settings, []) as desk:
        app = app_on(desk, settings)
        async with app.router.lifespan_context(app) as state:
            yield Flaky(httpx2.ASGITransport(_serving(app, dict(state or {}))))


def _serving(app: FastAPI, state: dict[str, Any]) -> Any:
    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "state": dict(state)}, receive, send)

    return serve


@pytest_asyncio.fixture
async def ann(way: Flaky) -> AsyncIterator[Client]:
    async with Client("http://localhost", user="ann", transport=way) as client:
        yield client


def busy(status: int, code: str, **headers: str) -> httpx2.Response:
    """An answer of a server that does not take the request."""
    body = orjson.dumps({"detail": "Not now.", "code": code})
    return httpx2.Response(status, content=body, headers=headers)


async def read(stream: Stream) -> list[Event]:
    return [event async for event in stream]


def shown(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


async def test_an_answer_is_a_turns_result(ann: Client, upstream: FakeOpenAI) -> None:
    upstream.script(text("Good morning."))
    result = await ann.chat("Hello")
    assert isinstance(result, TurnResult)
    assert (result.status, result.answer) == ("completed", "Good morning.")
    assert result.receipt
    assert result.receipt.by_model[0].agent == "triage"


async def test_a_session_goes_on(ann: Client) -> None:
    first = await ann.chat("Hello")
    second = await ann.chat("And now?", session_id=first.session_id)
    turns = [turn async for turn in ann.sessions.turns(first.session_id)]
    assert [(turn.id, turn.user) for turn in turns] == [
        (first.turn_id, "Hello"),
        (second.turn_id, "And now?"),
    ]


async def test_a_stream_is_the_contracts_events(ann: Client, upstream: FakeOpenAI) -> None:
    upstream.script(LONG)
    async with ann.stream("Tell me") as stream:
        events = await read(stream)
    assert isinstance(events[0], TurnCreated)
    assert isinstance(events[-1], TurnEnded)
    assert (shown(events), stream.result) == (WORDS, events[-1].result)
    assert stream.turn_id == events[0].turn_id


@pytest.mark.parametrize("after", [0, 1, 100, 300, 1000])
async def test_a_stream_that_drops_goes_on_where_it_was(
    ann: Client, way: Flaky, upstream: FakeOpenAI, after: int
) -> None:
    upstream.script(LONG)
    way.faults.extend([after, after, None])
    async with ann.stream("Tell me") as stream:
        events = await read(stream)
    assert (shown(events), len(way.sent), upstream.calls) == (WORDS, 3, 1)
    assert sum(isinstance(event, TurnCreated) for event in events) == 1


async def test_a_stream_whose_server_is_gone_begins_at_another(
    ann: Client, way: Flaky, upstream: FakeOpenAI
) -> None:
    upstream.script(LONG)
    way.faults.extend([httpx2.ConnectError("refused"), busy(503, "draining"), 300])
    way.faults.extend([busy(503, "draining", **{"Retry-After": "0"}), httpx2.ReadError("reset")])
    async with ann.stream("Tell me") as stream:
        events = await read(stream)
    assert (shown(events), upstream.calls) == (WORDS, 1)


async def test_a_stream_that_a_stopping_server_sends_away_goes_on_elsewhere(
    ann: Client, way: Flaky, upstream: FakeOpenAI
) -> None:
    upstream.script(LONG)
    away = b'retry: 1000\nevent: reconnect\ndata: {"turn_id": "turn_1"}\n\n'
    stream_of = {"Content-Type": "text/event-stream"}
    way.faults.extend([300, httpx2.Response(200, content=away, headers=stream_of)])
    async with ann.stream("Tell me") as stream:
        assert shown(await read(stream)) == WORDS
    assert (len(way.sent), upstream.calls) == (3, 1)


async def test_a_server_that_does_not_come_back_is_said_to_be_unreachable(
    ann: Client, way: Flaky
) -> None:
    way.faults.extend([300, *(httpx2.ConnectError("refused") for _ in range(20))])
    async with ann.stream("Tell me") as stream:
        with pytest.raises(Unreachable):
            await read(stream)
    assert len(way.sent) == connections.TRIES


async def test_a_stream_that_a_server_refuses_raises_its_problem(ann: Client) -> None:
    async with ann.stream("Go on", session_id="sess_of_nobody") as stream:
        with pytest.raises(NotFound):
            await read(stream)


async def test_a_turn_is_read_again_from_any_event_on(ann: Client) -> None:
    async with ann.stream("Hello") as stream:
        first = [event async for event in stream]
    async with ann.turns.events(stream.turn_id) as again:
        assert await read(again) == first
    async with ann.turns.events(stream.turn_id, stream.last_event_id) as nothing:
        assert [type(event) for event in await read(nothing)] == [TurnEnded]


async def test_an_answer_that_was_lost_is_asked_for_again_and_is_the_same_turn(
    ann: Client, way: Flaky, upstream: FakeOpenAI
) -> None:
    way.faults.extend([10, httpx2.ReadError("reset"), None])
    result = await ann.chat("Pay now")
    assert (result.status, upstream.calls) == ("completed", 1)
    keys = {request.headers["Idempotency-Key"] for request in way.sent}
    assert (len(keys), len(way.sent)) == (1, 3)


async def test_two_messages_of_the_same_words_are_two_turns(ann: Client) -> None:
    one, two = await ann.chat("Hello"), await ann.chat("Hello")
    assert one.turn_id != two.turn_id


async def test_one_key_of_the_callers_is_one_turn(ann: Client) -> None:
    one, two = [await ann.chat("Hello", idempotency_key="order-1") for _ in range(2)]
    assert one == two
    with pytest.raises(InvalidRequest):
        await ann.chat("Good-bye", idempotency_key="order-1")


@pytest.mark.parametrize("code", ["rate_limited", "queue_full"])
async def test_a_busy_server_is_asked_again_when_it_says(
    ann: Client, way: Flaky, code: str
) -> None:
    way.faults.extend([busy(429, code, **{"Retry-After": "0"}), busy(503, "store_unavailable")])
    assert (await ann.chat("Hello")).status == "completed"
    assert len(way.sent) == 3


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (busy(429, "budget_exhausted", **{"Retry-After": "1"}), BudgetExhausted),
        (busy(429, "queue_full", **{"Retry-After": "3600"}), QueueFull),
        (httpx2.Response(502, content=b"<html>"), Unreachable),
    ],
)
async def test_what_waiting_does_not_help_is_raised_at_once(
    ann: Client, way: Flaky, answer: httpx2.Response, error: type[Exception]
) -> None:
    way.faults.append(answer)
    with pytest.raises(error):
        await ann.chat("Hello")
    assert len(way.sent) == 1


async def test_a_failed_turn_raises_its_error_and_names_itself(
    ann: Client, way: Flaky, upstream: FakeOpenAI
) -> None:
    upstream.script(*[Reply(status=500)] * 10)
    with pytest.raises(UpstreamFailed) as failed:
        await ann.chat("Hello")
    assert len(way.sent) == 1
    turn = await ann.turns.get(failed.value.turn_id or "")
    assert (turn.status, turn.error and turn.error.code) == ("failed", "upstream_failed")


async def test_a_call_that_waits_is_approved_once(ann: Client, upstream: FakeOpenAI) -> None:
    upstream.script(tool_call(*REFUND), text("It is done."))
    waiting = await ann.chat("Money back!")
    assert [turn.turn_id for turn in await ann.turns.waiting()] == [waiting.turn_id]
    approval = waiting.required_actions[0]["approval_id"]
    assert (await ann.turns.approve(waiting.turn_id, approval)).answer == "It is done."
    with pytest.raises(ApprovalDecided):
        await ann.turns.reject(waiting.turn_id, approval, "too late")


async def test_an_approval_whose_answer_was_lost_is_not_sent_again(
    ann: Client, way: Flaky, upstream: FakeOpenAI
) -> None:
    upstream.script(tool_call(*REFUND), text("It is done."))
    waiting = await ann.chat("Money back!")
    way.faults.append(5)
    with pytest.raises(Unreachable):
        await ann.turns.approve(waiting.turn_id, waiting.required_actions[0]["approval_id"])
    assert (await ann.turns.get(waiting.turn_id)).answer == "It is done."


async def test_sessions_are_listed_changed_taken_out_and_in_and_forgotten(ann: Client) -> None:
    ids = [(await ann.chat(f"Hello {n}")).session_id for n in range(3)]
    assert [each.session_id async for each in ann.sessions.list()] == ids[::-1]
    changed = await ann.sessions.change(ids[0], title="Mine")
    copy = await ann.sessions.take_in(await ann.sessions.export(ids[0]))
    assert (changed.title, copy.title) == ("Mine", "Mine")
    await ann.sessions.forget(ids[0])
    with pytest.raises(NotFound):
        await ann.sessions.get(ids[0])


async def test_facts_are_kept_and_the_caller_is_forgotten(ann: Client) -> None:
    fact = await ann.remember("I like tea.")
    assert await ann.facts() == (fact,)
    assert (await ann.forget_me())["remaining"] == 0
    assert await ann.facts() == ()


async def test_a_turn_is_cancelled_and_pinned(ann: Client, upstream: FakeOpenAI) -> None:
    upstream.script(tool_call(*REFUND))
    waiting = await ann.chat("Money back!")
    assert (await ann.turns.cancel(waiting.turn_id)).status == "cancelled"
    done = await ann.chat("Hello", session_id=waiting.session_id)
    assert (await ann.turns.pin(done.turn_id)).pinned
    assert not (await ann.turns.unpin(done.turn_id)).pinned
