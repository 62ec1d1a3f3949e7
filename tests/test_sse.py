"""Server-sent events: what every reader of a turn sees, however it comes and goes."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import httpx2
import pytest
from redis.asyncio import Redis
from starlette.requests import Request
from starlette.types import Message as Sent
from tests.app_clients import served

from frontdesk.asgi import create_app
from frontdesk.config import Settings
from frontdesk.contract.errors import NotFound, StoreUnavailable
from frontdesk.contract.events import Event, TextDelta, ToolFinished, TurnCreated, TurnEnded
from frontdesk.contract.messages import Caller, Message
from frontdesk.contract.turns import TurnResult
from frontdesk.desk import Desk
from frontdesk.server.event_stream import EventStream, Numbered, OwnForm
from frontdesk.sessions.holds import Begun

RESULT = TurnResult(
    "turn_1", "sess_1", "completed", "Hello\r\nid: 9-9\nevent: x", "triage", "triage"
)
TURN: list[Event] = [
    TurnCreated("turn_1", "sess_1"),
    TextDelta("turn_1", "Hello\r\nid: 9-9\nevent: x", 0),
    ToolFinished("turn_1", "clock", "call_1", True, 1.5),
    TurnEnded("turn_1", RESULT),
]


class Tape:
    """A desk whose one turn is a tape of events: it stops before event `hold_at` until `go`."""

    def __init__(self, redis: Redis) -> None:
        self.redis = redis
        self.sessions = self
        self.hold_at = -1
        self.fault: Exception | None = None
        self.go, self.closed = asyncio.Event(), asyncio.Event()

    def owner(self, caller: Caller) -> str:
        return caller.user

    async def start(self, message: Message) -> Begun:
        return Begun("started", "turn_1", "sess_1")

    async def events(
        self, owner: str, turn_id: str, after: str | None = None
    ) -> AsyncGenerator[tuple[str, Event], None]:
        if turn_id != "turn_1":
            raise NotFound("There is no such turn.")
        first = int(after.split("-")[1]) if after else 0
        try:
            for number, event in list(enumerate(TURN, 1))[first:]:
                if number == self.hold_at:
                    await self.go.wait()
                    if self.fault:
                        raise self.fault
                yield f"1-{number}", event
        finally:
            self.closed.set()


@pytest.fixture
def tape(redis: Redis) -> Tape:
    return Tape(redis)


@pytest.fixture
async def http(tape: Tape) -> AsyncIterator[httpx2.AsyncClient]:
    @asynccontextmanager
    async def open_desk(settings: Settings) -> AsyncIterator[Desk]:
        yield cast(Desk, tape)

    app = create_app(Settings(_env_file=None), open_desk=open_desk)
    async with served(app) as url, httpx2.AsyncClient(base_url=url, timeout=10) as http:
        yield http


def frames(text: str) -> list[dict[str, str]]:
    blocks = [block for block in text.split("\n\n") if block and not block.startswith(":")]
    return [dict(line.split(": ", 1) for line in block.split("\n")) for block in blocks]


async def ask(http: httpx2.AsyncClient, **headers: str) -> httpx2.Response:
    return await http.post("/v1/chat", json={"message": "hi", "stream": True}, headers=headers)


async def test_every_event_has_its_id_its_name_and_one_line_of_json(
    http: httpx2.AsyncClient,
) -> None:
    got = frames((await ask(http)).text)
    assert [frame["id"] for frame in got] == ["1-1", "1-2", "1-3", "1-4"]
    assert [frame["event"] for frame in got] == [event.kind for event in TURN]
    assert {json.loads(frame["data"])["turn_id"] for frame in got} == {"turn_1"}


async def test_the_last_event_is_the_answer_object(http: httpx2.AsyncClient) -> None:
    last = json.loads(frames((await ask(http)).text)[-1]["data"])
    assert last["answer"] == RESULT.answer
    assert (last["status"], last["guardrail"], last["required_actions"]) == ("completed", None, [])
    assert "error" not in last


async def test_a_stream_is_not_cached_and_not_buffered_and_has_a_request_id(
    http: httpx2.AsyncClient,
) -> None:
    headers = (await ask(http)).headers
    assert headers["content-type"].startswith("text/event-stream")
    assert (headers["cache-control"], headers["x-accel-buffering"]) == ("no-cache", "no")
    assert headers["x-request-id"].startswith("req_")


async def test_the_accept_header_asks_for_a_stream_too(http: httpx2.AsyncClient) -> None:
    answer = await http.post(
        "/v1/chat", json={"message": "hi"}, headers={"Accept": "text/event-stream"}
    )
    assert len(frames(answer.text)) == 4


@pytest.mark.parametrize(
    ("query", "headers", "ids"),
    [
        ("", {"Last-Event-ID": "1-2"}, ["1-3", "1-4"]),
        ("?after=1-3", {}, ["1-4"]),
        ("?after=1-1", {"Last-Event-ID": "1-3"}, ["1-4"]),
        ("", {"Last-Event-ID": ""}, ["1-1", "1-2", "1-3", "1-4"]),
    ],
)
async def test_a_reader_that_returns_gets_what_came_after_its_last_event(
    http: httpx2.AsyncClient, query: str, headers: dict[str, str], ids: list[str]
) -> None:
    answer = await http.get(f"/v1/turns/turn_1/events{query}", headers=headers)
    assert [frame["id"] for frame in frames(answer.text)] == ids


async def test_after_the_last_event_there_is_nothing_more(http: httpx2.AsyncClient) -> None:
    answer = await http.get("/v1/turns/turn_1/events?after=1-4")
    assert (answer.status_code, answer.content) == (204, b"")


@pytest.mark.parametrize("wrong", ["a b", "1-1\x00", "x" * 65, "<1>"])
async def test_an_id_that_is_none_is_refused(http: httpx2.AsyncClient, wrong: str) -> None:
    answer = await http.get("/v1/turns/turn_1/events", params={"after": wrong})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


async def test_an_error_before_the_first_event_is_a_status_code(http: httpx2.AsyncClient) -> None:
    answer = await http.get("/v1/turns/turn_2/events")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert answer.headers["content-type"] == "application/problem+json"


async def test_an_event_is_sent_while_the_turn_still_runs(
    http: httpx2.AsyncClient, tape: Tape
) -> None:
    tape.hold_at = 3
    async with http.stream("GET", "/v1/turns/turn_1/events") as stream:
        text = ""
        async for piece in stream.aiter_text():
            text += piece
            if "id: 1-2" in text:
                tape.go.set()
    assert [frame["id"] for frame in frames(text)][-1] == "1-4"


@pytest.mark.parametrize(
    ("fault", "code"),
    [(StoreUnavailable("Redis is gone."), "store_unavailable"), (KeyError("secret"), "internal")],
)
async def test_a_later_error_is_a_frame_with_a_problem_and_without_an_id(
    http: httpx2.AsyncClient, tape: Tape, fault: Exception, code: str
) -> None:
    tape.hold_at, tape.fault = 3, fault
    tape.go.set()
    last = frames((await ask(http)).text)[-1]
    data = json.loads(last["data"])
    assert (last["event"], "id" in last) == ("turn.failed", False)
    assert (data["turn_id"], data["error"]["code"]) == ("turn_1", code)
    assert "secret" not in last["data"]


async def test_a_client_that_leaves_is_noticed_while_the_turn_is_silent(
    http: httpx2.AsyncClient, tape: Tape
) -> None:
    tape.hold_at = 3
    async with http.stream("GET", "/v1/turns/turn_1/events") as stream:
        await anext(stream.aiter_lines())
    async with asyncio.timeout(5):
        await tape.closed.wait()


async def test_a_reader_of_a_silent_turn_is_answered_at_once(
    http: httpx2.AsyncClient, tape: Tape
) -> None:
    tape.hold_at = 3
    async with http.stream("GET", "/v1/turns/turn_1/events?after=1-2") as stream:
        assert stream.status_code == 200
        tape.go.set()
        text = "".join([piece async for piece in stream.aiter_text()])
    assert [frame["id"] for frame in frames(text)] == ["1-3", "1-4"]


async def following(events: AsyncGenerator[Numbered, None]) -> list[Numbered]:
    return [await anext(events)]


async def test_a_silent_stream_is_kept_open_by_comments(tape: Tape) -> None:
    tape.hold_at = 2
    sent: list[Any] = []

    async def send(message: Sent) -> None:
        sent.append(message.get("body"))
        if sent.count(b": ping\n\n") == 2:
            tape.go.set()

    async def receive() -> Sent:
        await asyncio.Event().wait()
        raise AssertionError

    events = tape.events("ann", "turn_1")
    scope = {"type": "http", "headers": [], "state": {"request_id": "req_1"}}
    first = asyncio.create_task(following(events))
    request = Request(scope)
    stream = EventStream(first, events, OwnForm("turn_1", request), request, ping_s=0.01)
    async with asyncio.timeout(5):
        await stream(scope, receive, send)
    assert sent[-1] == b""
    assert len(frames(b"".join(filter(None, sent)).decode())) == 4
