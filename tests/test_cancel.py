"""Cancel: a turn ends early, from any process, with valid history and with all that it cost."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager

import httpx2
import pytest
import pytest_asyncio
import uvicorn
from redis.asyncio import Redis

from frontdesk.asgi import create_app
from frontdesk.assembly import open_desk
from frontdesk.config import Settings
from frontdesk.contract.cancellation import CancelMode
from frontdesk.contract.context import Ledger
from frontdesk.contract.errors import NotFound
from frontdesk.contract.events import TextDelta, TurnEnded
from frontdesk.contract.keys import OwnerKeys
from frontdesk.contract.messages import Message
from frontdesk.contract.turns import TurnResult
from frontdesk.demo import policy
from frontdesk.desk import Desk
from frontdesk.sessions.store import Sessions
from frontdesk.testing import FakeOpenAI, Visitor, slow, text, together, tool_call

LONG = "Tell me all of it [slow:0.02] [long:500]"


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - what is waited for is in another task
            await asyncio.sleep(0.005)


async def talking(ann: Visitor, message: str = LONG) -> str:
    """Starts a turn and waits until some of its text was shown."""
    turn = await ann.send(message, stream=True)
    async with aclosing(ann.desk.sessions.events(ann.owner, turn)) as events:
        async for _, event in events:
            if isinstance(event, TextDelta):
                return turn
    raise AssertionError("it ended without a word")


async def cancel(ann: Visitor, turn: str, mode: CancelMode = "immediate") -> None:
    await ann.desk.sessions.cancel(ann.owner, turn, mode)


async def ending(ann: Visitor, turn: str) -> TurnResult:
    async with asyncio.timeout(10):
        last = (await ann.read(turn))[-1]
    assert isinstance(last, TurnEnded)
    return last.result


async def test_a_cancelled_turn_keeps_what_was_shown(ann: Visitor) -> None:
    turn = await talking(ann)
    await cancel(ann, turn)
    events = await ann.read(turn)
    shown = "".join(event.text for event in events if isinstance(event, TextDelta))
    result = await ending(ann, turn)
    assert events[-1].kind == "turn.cancelled"
    assert (result.status, result.answer, result.error) == ("cancelled", shown, None)
    (record,) = await ann.records()
    assert (record.status, record.answer) == ("cancelled", shown)
    assert record.items[-1] == {"role": "assistant", "content": "[interrupted]"}


async def test_a_cancel_stops_the_call_upstream(ann: Visitor, upstream: FakeOpenAI) -> None:
    turn = await talking(ann)
    await cancel(ann, turn)
    await ending(ann, turn)
    await until(lambda: not upstream.active)
    assert upstream.calls == 1


async def test_what_was_cut_off_is_paid_for_by_estimate(ann: Visitor) -> None:
    turn = await talking(ann)
    await cancel(ann, turn)
    receipt = (await ending(ann, turn)).receipt
    assert receipt
    (use,) = receipt.by_model
    assert (use.calls, use.estimated) == (1, True)
    assert use.input_tokens > 20
    assert use.output_tokens > 0


async def test_a_call_nobody_streams_is_paid_for_too(ann: Visitor, upstream: FakeOpenAI) -> None:
    turn = await ann.send(LONG)
    await until(lambda: upstream.active)
    await cancel(ann, turn)
    receipt = (await ending(ann, turn)).receipt
    assert receipt
    assert (receipt.model_calls, receipt.by_model[0].estimated) == (1, True)


async def test_any_process_can_cancel_without_waiting_for_a_renewal(
    settings: Settings, upstream: FakeOpenAI
) -> None:
    patient = settings.model_copy(update={"lease_s": 600.0})
    async with open_desk(patient, policy=policy()) as one, open_desk(patient) as two:
        ann, elsewhere = Visitor(one, "ann"), Visitor(two, "ann")
        turn = await talking(ann)
        await cancel(elsewhere, turn)
        assert (await ending(ann, turn)).status == "cancelled"


async def test_a_renewal_tells_a_cancel_that_was_not_heard(
    settings: Settings, redis: Redis
) -> None:
    quick = settings.model_copy(update={"lease_s": 0.3})
    async with open_desk(quick) as desk:
        ann = Visitor(desk, "ann")
        turn = await talking(ann)
        await redis.hset(OwnerKeys(ann.owner).turn(turn), "cancel", "immediate")
        assert (await ending(ann, turn)).status == "cancelled"


async def test_a_turn_that_waits_ends_without_running(ann: Visitor, upstream: FakeOpenAI) -> None:
    running = await talking(ann)
    waiting, after = await ann.send("Never mind this"), await ann.send("But this")
    await cancel(ann, waiting)
    assert [event.kind for event in await ann.read(waiting)] == ["turn.queued", "turn.cancelled"]
    assert (await ann.desk.sessions.result(ann.owner, running)).status == "in_progress"
    await cancel(ann, running)
    assert (await ending(ann, after)).status == "completed"
    assert "Never mind this" not in str([request.body for request in upstream.requests])
    assert [record.user for record in await ann.records()] == ["Never mind this", LONG, "But this"]


async def test_an_ended_turn_stays_as_it_is(ann: Visitor) -> None:
    result = await ann.ask("Good morning to you all")
    await cancel(ann, result.turn_id)
    assert await ann.desk.sessions.result(ann.owner, result.turn_id) == result


async def test_a_foreign_turn_cannot_be_cancelled(ann: Visitor, bob: Visitor) -> None:
    turn = await talking(ann)
    for missing in (turn, "turn_none"):
        with pytest.raises(NotFound):
            await cancel(bob, missing)
    assert (await ann.desk.sessions.result(ann.owner, turn)).status == "in_progress"
    await cancel(ann, turn)


LOOKING = (
    "Let me look for it now, and please wait a little, since the list of orders is long today."
)
"""Long enough that its beginning leaves before its end has come."""


async def test_after_the_model_call_its_tools_are_done_and_nothing_else(
    ann: Visitor, upstream: FakeOpenAI
) -> None:
    upstream.script(
        together(slow(0.05, LOOKING), tool_call("find_order", {"order_id": "1"})),
        text("Never said."),
    )
    turn = await talking(ann, "Please look")
    await cancel(ann, turn, "after_model_call")
    result = await ending(ann, turn)
    assert (result.status, result.answer) == ("cancelled", LOOKING)
    assert result.receipt
    assert [(use.calls, use.estimated) for use in result.receipt.by_model] == [(1, False)]
    assert upstream.calls == 1


async def test_a_last_model_call_that_may_end_completes_the_turn(
    ann: Visitor, upstream: FakeOpenAI
) -> None:
    upstream.script(slow(0.03, "This is all there is to say."))
    turn = await talking(ann, "Please say it")
    await cancel(ann, turn, "after_model_call")
    assert (await ending(ann, turn)).status == "completed"


async def test_immediate_goes_over_after_the_model_call(ann: Visitor) -> None:
    turn = await talking(ann)
    await cancel(ann, turn, "after_model_call")
    await cancel(ann, turn)
    await cancel(ann, turn, "after_model_call")
    assert (await ending(ann, turn)).status == "cancelled"


async def test_a_cancelled_turn_of_a_dead_process_is_ended_by_another(
    desk: Desk, ann: Visitor, settings: Settings, redis: Redis, upstream: FakeOpenAI
) -> None:
    dead = Sessions(redis, b"a secret for tests", settings)
    message = Message("turn_a", ann.caller, "hello")
    hold = (await dead.begin(message, "hello", Ledger())).hold
    assert hold
    await redis.delete(OwnerKeys(ann.owner).session(hold.session_id, "lease"))
    await cancel(ann, "turn_a")
    result = await ending(ann, "turn_a")
    assert (result.status, result.rung, upstream.calls) == ("cancelled", None, 0)


@asynccontextmanager
async def served(desk: Desk, settings: Settings) -> AsyncIterator[httpx2.AsyncClient]:
    @asynccontextmanager
    async def opened(settings: Settings) -> AsyncIterator[Desk]:
        yield desk

    app = create_app(settings, open_desk=opened)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, ws="none"))
    task = asyncio.create_task(server.serve())
    await until(lambda: server.started)
    url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    try:
        async with httpx2.AsyncClient(
            base_url=url, timeout=10, headers={"X-Frontdesk-User": "ann"}
        ) as http:
            yield http
    finally:
        server.should_exit = True
        await task


@pytest_asyncio.fixture
async def http(desk: Desk, settings: Settings) -> AsyncIterator[httpx2.AsyncClient]:
    async with served(desk, settings) as client:
        yield client


async def test_the_route_answers_the_turn_that_it_ended(
    http: httpx2.AsyncClient, ann: Visitor
) -> None:
    turn = await talking(ann)
    answer = await http.post(f"/v1/turns/{turn}/cancel")
    body = answer.json()
    assert (answer.status_code, body["status"]) == (200, "cancelled")
    assert body["receipt"]["by_model"][0]["estimated"] is True
    again = await http.post(f"/v1/turns/{turn}/cancel", json={"mode": "after_model_call"})
    assert (again.status_code, again.json()) == (200, body)


@pytest.mark.parametrize("body", [{"mode": "softly"}, {"why": "so"}, {"mode": ["immediate"]}])
async def test_the_route_refuses_what_it_does_not_know(
    http: httpx2.AsyncClient, body: dict[str, object]
) -> None:
    answer = await http.post("/v1/turns/turn_1/cancel", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


async def test_the_route_finds_no_missing_and_no_foreign_turn(
    http: httpx2.AsyncClient, bob: Visitor
) -> None:
    theirs = await talking(bob)
    answers = [await http.post(f"/v1/turns/{turn}/cancel") for turn in (theirs, "turn_none")]
    assert [answer.json()["code"] for answer in answers] == ["not_found", "not_found"]
    await cancel(bob, theirs)


async def leave(http: httpx2.AsyncClient, upstream: FakeOpenAI, **fields: object) -> str:
    """Sends a message and breaks the connection off once the model is speaking."""
    session = (await http.post("/v1/chat", json={"message": "Hello there"})).json()["session_id"]
    body = {"message": LONG, "session_id": session, **fields}
    asking = asyncio.create_task(http.post("/v1/chat", json=body))
    await until(lambda: upstream.active)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    return str(session)


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "json"])
async def test_a_turn_ends_with_its_client_on_request(
    http: httpx2.AsyncClient, ann: Visitor, upstream: FakeOpenAI, stream: bool
) -> None:
    ann.session_id = await leave(http, upstream, stream=stream, on_disconnect="cancel")
    async with asyncio.timeout(10):
        while len(records := await ann.records()) < 2:  # noqa: ASYNC110 - a server has no events
            await asyncio.sleep(0.01)
    assert records[1].status == "cancelled"


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "json"])
async def test_a_turn_goes_on_without_its_client_by_default(
    http: httpx2.AsyncClient, ann: Visitor, upstream: FakeOpenAI, stream: bool
) -> None:
    ann.session_id = await leave(http, upstream, stream=stream, message="All [slow:0.05] [long:9]")
    last = await ann.ask("Are you done?")
    assert last.status == "completed"
    assert [record.status for record in await ann.records()] == ["completed"] * 3


async def test_another_reader_that_leaves_ends_nothing(
    http: httpx2.AsyncClient, ann: Visitor, upstream: FakeOpenAI
) -> None:
    turn = await talking(ann, "All of it [slow:0.05] [long:20]")
    async with http.stream("GET", f"/v1/turns/{turn}/events") as stream:
        await anext(stream.aiter_lines())
    assert (await ending(ann, turn)).status == "completed"
