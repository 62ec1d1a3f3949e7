"""Chat front ends, by the requests that they send: who asks, who answers, where it is filed."""

import time
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx2
import jwt
import pytest
from pydantic import SecretStr
from redis.asyncio import Redis
from tests.openai_callers import front_of

from frontdesk.config import Settings
from frontdesk.desk import Desk
from frontdesk.server.api_keys import ApiKeys
from frontdesk.testing import FakeOpenAI

SHARED = "a secret that Open WebUI shares with us"
TITLE = (
    "### Task:\nGenerate a concise, 3-5 word title with an emoji summarizing the chat history.\n"
    "### Chat History:\n<chat_history>\nUSER: hello\n</chat_history>"
)
RETRIEVAL = (
    "### Task:\nRespond to the user query using the provided context, incorporating inline "
    "citations in the format [id].\n<context>\n<source id='1'>Mugs are blue.</source>\n</context>\n"
    "\nWhat colour are mugs?"
)


@pytest.fixture
async def front_end(desk: Desk, settings: Settings, redis: Redis) -> AsyncIterator[Any]:
    """Requests with the key of a front end, which acts for its users."""
    known = settings.model_copy(update={"open_webui_secret": SecretStr(SHARED)})
    scopes = {"chat", "read", "act-as-user"}
    _, key = await ApiKeys(redis).create("acme", None, scopes)
    async with front_of(desk, known) as front:
        headers = {"Authorization": f"Bearer {key}"}
        async with httpx2.AsyncClient(base_url=front.base_url, headers=headers) as http:
            yield http


def user_of_open_webui(user: str, chat: str) -> dict[str, str]:
    claims = {"sub": user, "iss": "open-webui", "name": user, "role": "user"}
    times = {"iat": int(time.time()), "exp": int(time.time()) + 300}
    token = jwt.encode({**claims, **times}, SHARED, "HS256")
    return {"X-OpenWebUI-User-Jwt": token, "X-OpenWebUI-Chat-Id": chat}


async def sent(
    http: httpx2.AsyncClient, headers: Mapping[str, str], *texts: str, **more: Any
) -> httpx2.Response:
    """The answer to a conversation in which user and assistant take turns."""
    roles = ("user", "assistant")
    messages = [{"role": roles[n % 2], "content": text} for n, text in enumerate(texts)]
    body = {"model": "frontdesk", "messages": messages, **more}
    answer = await http.post("/chat/completions", json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer


async def listed(http: httpx2.AsyncClient, session: str, user: str) -> list[str] | None:
    """What a user said in a session; None where there is none."""
    found = await http.get(f"/sessions/{session}/turns", headers={"X-Frontdesk-User": user})
    return [turn["user"] for turn in found.json()["turns"]] if found.status_code == 200 else None


async def test_open_webui_lists_models_without_a_user(front_end: httpx2.AsyncClient) -> None:
    assert (await front_end.get("/models")).status_code == 200


async def test_a_chat_of_open_webui_is_a_session_of_its_signed_user(
    front_end: httpx2.AsyncClient,
) -> None:
    ann = user_of_open_webui("ann", "chat-1")
    first = await sent(front_end, ann, "hello", stream=True)
    await sent(front_end, ann, "hello", "You said: hello", "and now?", stream=True)
    await sent(front_end, ann, TITLE, stream=False, max_completion_tokens=1000)
    session = first.headers["x-frontdesk-session-id"]
    assert await listed(front_end, session, "ann") == ["hello", "and now?"]
    assert await listed(front_end, session, "bob") is None


async def test_the_same_chat_id_of_another_user_is_another_session(
    front_end: httpx2.AsyncClient,
) -> None:
    sessions = [
        (await sent(front_end, user_of_open_webui(user, "chat-1"), "hello")).headers[
            "x-frontdesk-session-id"
        ]
        for user in ("ann", "bob")
    ]
    assert sessions[0] != sessions[1]


async def test_a_question_with_retrieved_documents_is_answered_by_the_desk(
    front_end: httpx2.AsyncClient, upstream: FakeOpenAI
) -> None:
    answer = await sent(front_end, user_of_open_webui("ann", "chat-1"), RETRIEVAL)
    assert "x-frontdesk-session-id" in answer.headers
    assert upstream.requests[-1].body["tools"]


async def test_a_chat_of_librechat_is_a_session_of_the_user_that_its_headers_name(
    front_end: httpx2.AsyncClient,
) -> None:
    headers = {"X-Frontdesk-User": "507f1f77", "X-Frontdesk-Session": "9b2d-4c"}
    usual = {"temperature": 1, "top_p": 1, "presence_penalty": 0, "frequency_penalty": 0}
    answer = await sent(front_end, headers, "hello", user="507f1f77", stream=True, **usual)
    title = "Provide a concise, 5-word-or-less title for the conversation, using title case."
    await sent(front_end, headers, title, **usual)
    session = answer.headers["x-frontdesk-session-id"]
    assert await listed(front_end, session, "507f1f77") == ["hello"]


async def test_continue_offers_its_tools_and_gets_its_call(front_end: httpx2.AsyncClient) -> None:
    schema = {"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]}
    function = {"name": "read_file", "description": "Reads a file.", "parameters": schema}
    answer = await sent(
        front_end,
        {"X-Frontdesk-User": "dev"},
        'Look [tool:read_file {"path": "a.py"}]',
        tools=[{"type": "function", "function": function}],
        parallel_tool_calls=False,
        max_tokens=4096,
        stream=True,
    )
    assert '"name":"read_file"' in answer.text
    assert '"finish_reason":"tool_calls"' in answer.text
