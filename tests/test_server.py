"""The routes: a turn as one answer, what was started and kept, and every error as a problem."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from redis.asyncio import Redis
from tests.app_clients import app_on, client_of

from frontdesk.config import Settings
from frontdesk.contract.context import Ledger, TurnContext
from frontdesk.contract.errors import UpstreamRateLimited, problem
from frontdesk.contract.events import TextDelta, TurnCreated
from frontdesk.contract.guardrails import Policy
from frontdesk.contract.messages import Message
from frontdesk.contract.turns import TurnResult
from frontdesk.guardrails.chain import Guards
from frontdesk.sessions.draft import make_record
from frontdesk.sessions.holds import Begun, Hold
from frontdesk.sessions.store import Sessions

PROBLEM = {"type", "title", "status", "detail", "code", "request_id"}


class Parrot:
    """A desk on the real sessions that repeats what it hears; it waits, fails or blocks when told
    to in the message.
    """

    def __init__(self, sessions: Sessions) -> None:
        self.sessions, self.guards = sessions, Guards((), Policy())
        self.go = asyncio.Event()
        self.turns = 0

    async def start(self, message: Message) -> Begun:
        if "block" in message.text:
            blocked = TurnResult(message.turn_id, message.session_id, "blocked", "No.")
            return await self.sessions.note(message, blocked)
        begun = await self.sessions.begin(message, message.text, Ledger())
        if begun.hold:
            self.sessions.start(begun.hold)
        return begun

    async def turn(self, hold: Hold) -> Hold | None:
        self.turns += 1
        log, text = self.sessions.writer(hold), f"You said: {hold.text}"
        await log.put(TurnCreated(hold.turn_id, hold.session_id))
        await log.put(TextDelta(hold.turn_id, text, 0))
        if "wait" in hold.text:
            await self.go.wait()
        result = TurnResult(hold.turn_id, hold.session_id, "completed", text, "triage", "triage")
        if "fail" in hold.text:
            error = problem(UpstreamRateLimited("Come back later."))
            result = TurnResult(hold.turn_id, hold.session_id, "failed", error=error)
        context = TurnContext(hold.message, hold.text, hold.session_id)
        record = make_record(context, result.status, result.answer, result.rung, result.agent)
        return await self.sessions.commit(hold, record, result, log.take(), agent=None, fresh=False)


@pytest.fixture
async def parrot(redis: Redis) -> AsyncIterator[Parrot]:
    parrot = Parrot(Sessions(redis, b"secret", Settings(_env_file=None)))
    async with parrot.sessions.driving(parrot.turn):
        yield parrot
        parrot.go.set()


@pytest.fixture
async def http(parrot: Parrot) -> AsyncIterator[httpx2.AsyncClient]:
    app = app_on(parrot, Settings(max_body_bytes=5000, _env_file=None))
    async with client_of(app) as http:
        yield http


async def say(
    http: httpx2.AsyncClient, message: str, user: str = "ann", key: str = "", **more: Any
) -> httpx2.Response:
    headers = {"X-Frontdesk-User": user} | ({"Idempotency-Key": key} if key else {})
    return await http.post("/v1/chat", json={"message": message, **more}, headers=headers)


async def test_a_json_answer_is_the_turn_read_to_its_end(http: httpx2.AsyncClient) -> None:
    answer = await say(http, "hello")
    body = answer.json()
    assert answer.status_code == 200
    assert body["turn_id"].startswith("turn_")
    assert body["session_id"]
    assert (body["status"], body["answer"]) == ("completed", "You said: hello")
    assert (body["guardrail"], body["required_actions"], "error" in body) == (None, [], False)


async def test_parts_of_text_are_one_message(http: httpx2.AsyncClient) -> None:
    parts = [{"type": "input_text", "text": text} for text in ("one", "two")]
    answer = await http.post("/v1/chat", json={"message": parts})
    assert answer.json()["answer"] == "You said: one\ntwo"


async def test_a_finished_turn_can_be_read_again(http: httpx2.AsyncClient) -> None:
    body = (await say(http, "hello")).json()
    again = await http.get(f"/v1/turns/{body['turn_id']}", headers={"X-Frontdesk-User": "ann"})
    assert (again.status_code, again.json()) == (200, body)


async def test_a_failed_turn_answers_with_its_problem(http: httpx2.AsyncClient) -> None:
    answer = await say(http, "fail please")
    body = answer.json()
    assert (answer.status_code, body["code"]) == (503, "upstream_rate_limited")
    assert int(answer.headers["Retry-After"]) > 0
    assert body["turn_id"].startswith("turn_")
    assert body["session_id"]
    assert set(body) == PROBLEM | {"turn_id", "session_id"}


async def test_a_failed_turn_is_shown_with_its_error(http: httpx2.AsyncClient) -> None:
    turn_id = (await say(http, "fail please")).json()["turn_id"]
    shown = await http.get(f"/v1/turns/{turn_id}", headers={"X-Frontdesk-User": "ann"})
    assert (shown.status_code, shown.json()["status"]) == (200, "failed")
    assert shown.json()["error"]["code"] == "upstream_rate_limited"


async def test_a_blocked_message_is_an_answer_and_no_error(http: httpx2.AsyncClient) -> None:
    answer = await say(http, "block this")
    assert (answer.status_code, answer.json()["status"]) == (200, "blocked")


async def test_in_the_background_the_answer_comes_before_the_end(
    http: httpx2.AsyncClient, parrot: Parrot
) -> None:
    first = await say(http, "wait", background=True)
    session = first.json()["session_id"]
    second = await say(http, "and then", background=True, session_id=session)
    parrot.go.set()
    assert (first.status_code, first.json()["status"]) == (202, "in_progress")
    assert (second.status_code, second.json()["status"]) == (202, "queued")


async def test_a_busy_session_can_refuse_and_names_the_running_turn(
    http: httpx2.AsyncClient,
) -> None:
    first = (await say(http, "wait", background=True)).json()
    answer = await say(http, "now", session_id=first["session_id"], on_busy="reject")
    assert (answer.status_code, answer.json()["code"]) == (409, "session_busy")
    assert answer.json()["turn_id"] == first["turn_id"]


async def test_the_same_idempotency_key_is_the_same_turn(
    http: httpx2.AsyncClient, parrot: Parrot
) -> None:
    first, second = [(await say(http, "hello", key="order-1")).json() for _ in range(2)]
    assert (first, parrot.turns) == (second, 1)


async def test_another_body_under_an_idempotency_key_is_refused(http: httpx2.AsyncClient) -> None:
    await say(http, "hello", key="order-1")
    assert (await say(http, "goodbye", key="order-1")).status_code == 422


async def test_the_same_idempotency_key_of_another_user_is_another_turn(
    http: httpx2.AsyncClient,
) -> None:
    answers = [(await say(http, "hello", user, key="order-1")).json() for user in ("ann", "bob")]
    assert answers[0]["turn_id"] != answers[1]["turn_id"]


async def test_a_foreign_id_and_a_missing_one_get_the_same_answer(http: httpx2.AsyncClient) -> None:
    body = (await say(http, "hello", "ann")).json()
    ids = {"turns": body["turn_id"], "sessions": body["session_id"]}
    headers = {"X-Frontdesk-User": "bob", "X-Request-Id": "same"}
    for tail in ("turns/{}", "turns/{}/events", "sessions/{}", "sessions/{}/turns"):
        mine = ids[tail.split("/")[0]]
        pair = [
            await http.get(f"/v1/{tail.format(one)}", headers=headers) for one in (mine, "none")
        ]
        assert {(one.status_code, one.text) for one in pair} == {(404, pair[0].text)}


async def test_a_foreign_session_cannot_be_spoken_in_or_forgotten(http: httpx2.AsyncClient) -> None:
    session = (await say(http, "hello", "ann")).json()["session_id"]
    bob = {"X-Frontdesk-User": "bob"}
    assert (await http.delete(f"/v1/sessions/{session}", headers=bob)).status_code == 404
    assert (await say(http, "me too", "bob", session_id=session)).status_code == 404
    assert (await say(http, "and me", "ann", session_id=session)).status_code == 200


async def test_sessions_are_listed_newest_first_a_page_at_a_time(http: httpx2.AsyncClient) -> None:
    made = [(await say(http, f"hello {n}")).json()["session_id"] for n in range(3)]
    ann = {"X-Frontdesk-User": "ann"}
    page = (await http.get("/v1/sessions?limit=2", headers=ann)).json()
    rest = await http.get(f"/v1/sessions?after={page['sessions'][-1]['session_id']}", headers=ann)
    assert [one["session_id"] for one in page["sessions"]] == [made[2], made[1]]
    assert (page["has_more"], rest.json()["has_more"]) == (True, False)
    assert [one["session_id"] for one in rest.json()["sessions"]] == [made[0]]


async def test_the_turns_of_a_session_are_what_a_person_saw(http: httpx2.AsyncClient) -> None:
    session = (await say(http, "hello")).json()["session_id"]
    await say(http, "again", session_id=session)
    answer = await http.get(f"/v1/sessions/{session}/turns", headers={"X-Frontdesk-User": "ann"})
    turns = answer.json()["turns"]
    assert [(turn["user"], turn["answer"]) for turn in turns] == [
        ("hello", "You said: hello"),
        ("again", "You said: again"),
    ]
    assert "items" not in turns[0]


async def test_a_forgotten_session_is_gone(http: httpx2.AsyncClient) -> None:
    session = (await say(http, "hello")).json()["session_id"]
    ann = {"X-Frontdesk-User": "ann"}
    gone = await http.delete(f"/v1/sessions/{session}", headers=ann)
    assert (gone.status_code, gone.json()) == (200, {"session_id": session, "deleted": True})
    assert (await http.get(f"/v1/sessions/{session}", headers=ann)).status_code == 404


async def test_the_process_lives_and_is_ready(http: httpx2.AsyncClient) -> None:
    alive, ready = await http.get("/livez"), await http.get("/readyz")
    assert (alive.status_code, ready.status_code) == (200, 200)
    assert ready.json() == {"status": "ready", "guardrail_failures": 0}
