"""Summaries: made by the cheap model after a turn, of what has left a session's window."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from redis.asyncio import Redis
from tests.histories import faults, shown
from tests.turns import until

from frontdesk.assembly import open_desk
from frontdesk.config import Settings
from frontdesk.demo import policy, shop
from frontdesk.desk import Desk
from frontdesk.testing import FakeOpenAI, Reply, Request, Visitor, slow, status, text

ASKED = "You write down what a conversation"
LEFT_OUT = "The earlier part of this conversation is left out."
STORY = "Tell me the story [long:150] of number"


@pytest_asyncio.fixture(params=["responses", "chat_completions"])
async def desk(settings: Settings, request: pytest.FixtureRequest) -> AsyncIterator[Desk]:
    """The demo shop's desk with summaries, on either API."""
    changed = {"summary": True, "context_tokens": 1000, "model_api": request.param}
    asked = settings.model_copy(update=changed)
    async with open_desk(asked, plugins={"shop": shop}, policy=policy()) as opened:
        yield opened


def for_summaries(upstream: FakeOpenAI) -> list[Request]:
    return [request for request in upstream.requests if ASKED in str(request.body)]


def for_turns(upstream: FakeOpenAI) -> list[Request]:
    return [request for request in upstream.requests if ASKED not in str(request.body)]


async def head(ann: Visitor) -> dict[str, Any]:
    """The first line of the session's export."""
    pages = ann.desk.sessions.lifecycle.export(ann.owner, ann.session_id)
    line: dict[str, Any] = json.loads(await anext(pages))
    await pages.aclose()
    return line


async def summed_up(ann: Visitor, beyond: int = 0) -> dict[str, Any]:
    """The session's summary, once it covers more than so many turns."""
    async with asyncio.timeout(10):
        while True:
            found = (await head(ann))["summary"]
            if found and found["turns"] > beyond:
                return dict(found)
            await asyncio.sleep(0.01)


async def stories(ann: Visitor, count: int, first: int = 0) -> None:
    for number in range(first, first + count):
        await ann.ask(f"{STORY} {number}")


async def moves(ann: Visitor, upstream: FakeOpenAI, *summary: Reply) -> None:
    """Has a turn move the window, and the model answer this to the request for a summary."""
    upstream.script(text("A story " * 1000), *summary)
    await ann.ask("Now a very long one")


async def prunes(ann: Visitor, upstream: FakeOpenAI, *summary: Reply) -> None:
    """Has the window move in the third turn."""
    await ann.ask("My parrot is called Kiwi")
    await ann.ask("Tell me more of it")
    await moves(ann, upstream, *summary)


async def pruned(ann: Visitor, upstream: FakeOpenAI, *summary: Reply) -> dict[str, Any]:
    """Has the window move in the third turn, and waits for the summary."""
    await prunes(ann, upstream, *summary)
    return await summed_up(ann)


async def test_what_leaves_the_window_is_summed_up_and_shown_before_it(
    ann: Visitor, upstream: FakeOpenAI
) -> None:
    summary = await pruned(ann, upstream)
    await ann.ask("What is it called?")
    (asked,) = for_summaries(upstream)
    assert (asked.body["model"], "called Kiwi" in str(asked.body)) == ("gpt-6-luna", True)
    user, told, *rest = [
        i for i in shown(for_turns(upstream)[-1]) if i["role"] in ("user", "assistant")
    ]
    assert (LEFT_OUT in user["content"], told["content"]) == (True, summary["text"])
    assert faults([*shown(for_turns(upstream)[-1]), {"role": "assistant", "content": "."}]) == []
    assert "called Kiwi" not in str(rest)


async def test_a_summary_changes_only_when_the_window_moves(
    ann: Visitor, upstream: FakeOpenAI
) -> None:
    await pruned(ann, upstream)
    await ann.ask("Short again")  # the window moves once more: the long turn leaves it
    first = await summed_up(ann, 2)
    await ann.ask("And then?")
    fronts = [str(shown(for_turns(upstream)[-1])[:4])]
    await ann.ask("And what then?")
    fronts.append(str(shown(for_turns(upstream)[-1])[:4]))
    assert fronts[0] == fronts[1]
    await moves(ann, upstream)
    second = await summed_up(ann, first["turns"])
    last = for_summaries(upstream)[-1]
    assert second["turns"] > first["turns"]
    assert "summary_so_far" in str(last.body)


async def test_a_turn_that_is_longer_than_the_window_is_summed_up_from_its_beginnings(
    ann: Visitor, upstream: FakeOpenAI
) -> None:
    await ann.ask("My parrot is called Kiwi")
    await moves(ann, upstream)
    await ann.ask("Short again")
    await summed_up(ann, 1)
    last = str(for_summaries(upstream)[-1].body)
    assert "A story A story" in last
    assert len(last) < 2 * 4 * 1000


async def test_a_summary_is_short_whatever_the_model_writes(
    ann: Visitor, upstream: FakeOpenAI
) -> None:
    summary = await pruned(ann, upstream, text("word " * 400))
    assert summary["tokens"] <= 1000 // 8 + 5
    assert summary["text"].endswith(" …")


async def test_what_a_summary_used_is_the_users(ann: Visitor, upstream: FakeOpenAI) -> None:
    await pruned(ann, upstream)
    info = await ann.desk.sessions.info(ann.owner, ann.session_id)
    turns = [await ann.desk.sessions.result(ann.owner, r.id) for r in await ann.records()]
    by_turns = sum(turn.receipt.input_tokens for turn in turns if turn.receipt)
    assert info.totals.model_calls == len(upstream.requests)
    assert info.totals.input_tokens > by_turns
    assert f"{info.totals.input_tokens} " in (await ann.ask("/usage")).answer
    today = datetime.now(UTC).date()
    async with asyncio.timeout(10):
        while True:  # it is added after the summary is kept
            (day,) = await ann.desk.sessions.usage.read(ann.owner, today, today)
            if used := day.tables["rung"].get("summary"):
                break
            await asyncio.sleep(0.01)
    assert (used.turns, used.model_calls) == (0, len(for_summaries(upstream)))


async def test_without_the_setting_there_is_no_summary(
    settings: Settings, upstream: FakeOpenAI
) -> None:
    small = settings.model_copy(update={"context_tokens": 1000})
    async with open_desk(small, plugins={"shop": shop}, policy=policy()) as desk:
        await stories(Visitor(desk, "ann"), 5)
    assert for_summaries(upstream) == []


async def test_a_failed_summary_stops_nothing(
    ann: Visitor, upstream: FakeOpenAI, redis: Redis
) -> None:
    await prunes(ann, upstream, status(400))
    await until(lambda: for_summaries(upstream))
    result = await ann.ask("And then?")
    assert (result.status, (await head(ann))["summary"]) == ("completed", None)


async def test_a_summary_that_may_not_be_shown_is_not_kept(
    ann: Visitor, upstream: FakeOpenAI
) -> None:
    await prunes(ann, upstream, text("비밀번호"))
    await until(lambda: for_summaries(upstream))
    await spent(ann, 4)
    assert (await head(ann))["summary"] is None


async def spent(ann: Visitor, calls: int) -> None:
    """Waits until so many model calls are in the session's totals."""
    async with asyncio.timeout(10):
        while True:
            info = await ann.desk.sessions.info(ann.owner, ann.session_id)
            if info.totals.model_calls == calls:
                return
            await asyncio.sleep(0.01)


async def test_a_reset_takes_the_summary_away(ann: Visitor, upstream: FakeOpenAI) -> None:
    await pruned(ann, upstream)
    await ann.ask("/reset")
    await ann.ask("What is it called?")
    assert LEFT_OUT not in str(for_turns(upstream)[-1].body)
    assert (await head(ann))["summary"] is None


async def test_no_answer_of_the_cache_is_served_after_a_summary(
    ann: Visitor, upstream: FakeOpenAI
) -> None:
    await pruned(ann, upstream)
    other = Visitor(ann.desk, "ann")
    question = "What are the opening hours of this shop?"
    await other.ask(question)
    assert (await ann.ask(question)).rung == "triage"


async def test_a_desk_that_closes_drops_a_summary_under_way(
    settings: Settings, upstream: FakeOpenAI, redis: Redis
) -> None:
    small = settings.model_copy(update={"context_tokens": 1000, "summary": True})
    async with open_desk(small, plugins={"shop": shop}, policy=policy()) as desk:
        ann = Visitor(desk, "ann")
        await prunes(ann, upstream, slow(1.0))
        await until(lambda: for_summaries(upstream))
    async with open_desk(small, plugins={"shop": shop}, policy=policy()) as desk:
        again = Visitor(desk, "ann")
        again.session_id = ann.session_id
        assert (await again.ask("And then?")).status == "completed"
        assert (await head(again))["summary"] is None


async def test_a_user_who_is_forgotten_takes_the_summary_along(
    ann_http: httpx2.AsyncClient, ann: Visitor, redis: Redis, upstream: FakeOpenAI
) -> None:
    await pruned(ann, upstream)
    assert (await ann_http.delete("/v1/users/me")).json()["remaining"] == 0
    assert [key async for key in redis.scan_iter(match=f"fd:{{{ann.owner}}}*")] == []
