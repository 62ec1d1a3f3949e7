"""Where a chat completion is filed: in a session by name, or nowhere."""

from typing import Any

import httpx2
import pytest
from tests.openai_callers import Front, ask

from frontdesk.testing import FakeOpenAI

ORDER = "Where is my order 2024-1001?"
"""A handler of the shop answers this."""


@pytest.mark.parametrize(
    "named",
    [
        {"headers": {"X-Frontdesk-Session": "Anns Gespräch".encode()}},
        {"headers": {"X-OpenWebUI-Chat-Id": "chat-1"}},
        {"metadata": {"session_id": "chat 1"}},
    ],
)
async def test_a_named_session_lists_its_turns(
    ann_at_front: httpx2.AsyncClient, named: dict[str, Any]
) -> None:
    answers = [await ask(ann_at_front, words, **named) for words in ("hello", "again")]
    [session] = {answer.headers["x-frontdesk-session-id"] for answer in answers}
    turns = (await ann_at_front.get(f"/sessions/{session}/turns")).json()["turns"]
    assert [turn["user"] for turn in turns] == ["hello", "again"]


async def test_the_same_name_is_another_session_for_another_key(
    ann_at_front: httpx2.AsyncClient, front: Front
) -> None:
    mine = await ask(ann_at_front, "hello", headers={"X-Frontdesk-Session": "main"})
    bobs = {"X-Frontdesk-Session": "main", "Authorization": f"Bearer {front.bob_key}"}
    other = await ask(ann_at_front, "hello", headers=bobs)
    name = "x-frontdesk-session-id"
    assert mine.headers[name] != other.headers[name]


async def test_without_a_named_session_nothing_is_kept(ann_at_front: httpx2.AsyncClient) -> None:
    await ask(ann_at_front, "hello")
    assert (await ann_at_front.get("/sessions")).json()["sessions"] == []


async def test_a_temporary_chat_is_kept_nowhere(ann_at_front: httpx2.AsyncClient) -> None:
    answer = await ask(ann_at_front, "hello", headers={"X-OpenWebUI-Chat-Id": "local:1"})
    assert "x-frontdesk-session-id" not in answer.headers
    assert (await ann_at_front.get("/sessions")).json()["sessions"] == []


async def test_a_title_is_answered_by_the_cheapest_agent_and_not_filed(
    ann_at_front: httpx2.AsyncClient, upstream: FakeOpenAI
) -> None:
    headers = {"X-OpenWebUI-Chat-Id": "chat-1"}
    first = await ask(ann_at_front, "hello", headers=headers, model="support")
    await ask(ann_at_front, "Name it", headers=headers | {"X-OpenWebUI-Task": "title_generation"})
    asked = upstream.requests[-1].body
    session = first.headers["x-frontdesk-session-id"]
    turns = (await ann_at_front.get(f"/sessions/{session}/turns")).json()["turns"]
    assert [turn["user"] for turn in turns] == ["hello"]
    assert (asked["model"], asked.get("tools") or []) == ("gpt-6-luna", [])
