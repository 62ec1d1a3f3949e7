"""Facts that a user asks to remember: kept for all sessions, shown, capped, theirs alone."""

import httpx2
import pytest
from redis.asyncio import Redis
from tests.turns import ANN, begun, end, store

from frontdesk.contract.errors import Fenced, InvalidRequest
from frontdesk.sessions.facts import MOST_FACTS
from frontdesk.testing import FakeOpenAI, Visitor

KIWI = "My parrot is called Kiwi."
REMEMBER = 'Remember it [tool:remember {"fact":"My parrot is called Kiwi."}]'


async def test_what_an_agent_remembers_stands_before_the_next_sessions(
    ann: Visitor, upstream: FakeOpenAI
) -> None:
    await ann.ask(REMEMBER)
    await ann.ask("What is it called?", session_id="")
    first = upstream.requests[-1].body["input"][0]
    assert first["role"] == "developer"
    assert f"1. {KIWI}" in str(first["content"])


async def test_facts_stay_at_the_front_unchanged_from_turn_to_turn(
    ann: Visitor, upstream: FakeOpenAI
) -> None:
    await ann.ask(REMEMBER)
    await ann.ask("What is it called?")
    await ann.ask("And once more?")
    before, after = (request.body["input"] for request in upstream.requests[-2:])
    assert after[: len(before)] == before


async def test_nobody_else_is_shown_a_fact(
    ann: Visitor, bob: Visitor, upstream: FakeOpenAI
) -> None:
    await ann.ask(REMEMBER)
    await bob.ask("What is my parrot called?")
    assert "Kiwi" not in str(upstream.requests[-1].body["input"])


@pytest.mark.parametrize("named", ["1", KIWI.upper()])
async def test_an_agent_forgets_a_fact_by_its_number_or_words(ann: Visitor, named: str) -> None:
    await ann.ask(REMEMBER)
    await ann.ask(f'It flew away [tool:forget_fact {{"fact":"{named}"}}]')
    assert await ann.desk.sessions.facts.list(ann.owner) == ()


async def test_the_command_shows_the_facts(ann: Visitor, upstream: FakeOpenAI) -> None:
    assert KIWI not in (await ann.ask("/facts")).answer
    await ann.ask(REMEMBER)
    calls = upstream.calls
    assert f"1. {KIWI}" in (await ann.ask("/facts")).answer
    assert upstream.calls == calls


async def test_a_kept_answer_is_not_served_after_the_facts_changed(
    ann: Visitor, upstream: FakeOpenAI
) -> None:
    question = "Which colours does the garden bench come in?"
    await ann.ask(question)
    await ann.desk.sessions.facts.keep(ann.owner, "I cannot see red.")
    assert (await ann.ask(question, session_id="")).rung == "triage"


async def test_facts_are_kept_listed_and_forgotten_over_http(ann_http: httpx2.AsyncClient) -> None:
    made = await ann_http.post("/v1/users/me/facts", json={"fact": KIWI})
    listed = (await ann_http.get("/v1/users/me/facts")).json()["facts"]
    assert (made.status_code, [fact["text"] for fact in listed]) == (201, [KIWI])
    at = f"/v1/users/me/facts/{listed[0]['id']}"
    assert [(await ann_http.delete(at)).status_code for _ in range(2)] == [200, 404]


async def test_a_guardrail_stops_a_fact(ann_http: httpx2.AsyncClient, redis: Redis) -> None:
    refused = await ann_http.post("/v1/users/me/facts", json={"fact": "제 비밀번호는 heron"})
    assert refused.status_code == 422
    assert await redis.keys("*facts") == []


async def test_a_guardrail_stops_what_an_agent_wants_to_remember(
    ann: Visitor, upstream: FakeOpenAI
) -> None:
    await ann.ask('Keep it [tool:remember {"fact":"\\ube44\\ubc00\\ubc88\\ud638 heron"}]')
    assert await ann.desk.sessions.facts.list(ann.owner) == ()
    assert "not called" in str(upstream.requests[-1].body["input"])


async def test_there_are_no_more_facts_than_may_be(redis: Redis) -> None:
    facts, owner = store(redis).facts, store(redis).owner(ANN)
    for number in range(MOST_FACTS):
        await facts.keep(owner, f"fact {number}")
    await facts.keep(owner, "fact 7")
    with pytest.raises(InvalidRequest, match="forget one"):
        await facts.keep(owner, "one more")
    assert [fact.text for fact in await facts.list(owner)][:2] == ["fact 0", "fact 1"]


async def test_a_fact_is_one_short_line(redis: Redis) -> None:
    facts, owner = store(redis).facts, store(redis).owner(ANN)
    assert (await facts.keep(owner, " a\n 2. b ")).text == "a 2. b"
    for text in ("", "x" * 301):
        with pytest.raises(InvalidRequest):
            await facts.keep(owner, text)


async def test_a_turn_whose_user_was_forgotten_keeps_no_fact(redis: Redis) -> None:
    sessions = store(redis)
    hold = await begun(sessions)
    await sessions.erasure.forget(hold.owner, "local")
    with pytest.raises(Fenced):
        await sessions.facts.keep(hold.owner, KIWI, hold.turn_id)
    assert await redis.keys("*facts") == []


async def test_facts_live_as_long_as_the_user_talks(redis: Redis) -> None:
    sessions = store(redis)
    owner = sessions.owner(ANN)
    await sessions.facts.keep(owner, KIWI)
    await redis.expire(f"fd:{{{owner}}}:facts", 10)
    hold = await begun(sessions)
    assert [fact.text for fact in hold.user_facts] == [KIWI]
    await end(sessions, hold)
    assert await redis.ttl(f"fd:{{{owner}}}:facts") > 1000
