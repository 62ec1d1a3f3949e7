"""The Big List of Naughty Strings (MIT, its licence beside it) wherever a client may put a text."""

import asyncio
import json
import os
import unicodedata
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from pathlib import Path
from urllib.parse import quote

import httpx2
import pytest

NAUGHTY: list[str] = json.loads((Path(__file__).parent / "data/naughty_strings.json").read_text())
AT_ONCE = 10
SAID = NAUGHTY if "EVERY_ROUTE" in os.environ else NAUGHTY[::3]
"""What is said to a model; `make hostile` says all of it."""


async def statuses(
    ask: Callable[[str], Awaitable[httpx2.Response]], strings: Sequence[str] = NAUGHTY
) -> Counter[int]:
    """Asks with every string; how often each status came."""
    room = asyncio.Semaphore(AT_ONCE)

    async def one(text: str) -> int:
        async with room:
            answer = await ask(text)
        assert answer.status_code < 500, (text, answer.text)
        assert "Traceback" not in answer.text
        return answer.status_code

    return Counter(await asyncio.gather(*(one(text) for text in strings)))


def visible(text: str) -> str:
    """The text without what the guardrails take out: characters that nobody sees."""
    return "".join(char for char in text if unicodedata.category(char) not in ("Cf", "Cc"))


async def test_every_string_may_be_said_and_is_kept_as_it_was_said(
    ann_http: httpx2.AsyncClient,
) -> None:
    changed: list[tuple[str, str]] = []

    async def say(text: str) -> httpx2.Response:
        answer = await ann_http.post("/v1/chat", json={"message": text})
        if answer.status_code == 200 and answer.json()["status"] == "completed":
            path = f"/v1/sessions/{answer.json()['session_id']}/turns"
            (turn,) = (await ann_http.get(path)).json()["turns"]
            if turn["user"] != text and not answer.json()["receipt"]["guardrails"]:
                changed.append((text, turn["user"]))
        return answer

    seen = await statuses(say, SAID)
    assert set(seen) == {200, 422}
    assert seen[200] > 0.9 * len(SAID)
    assert [(a, b) for a, b in changed if visible(a) != visible(b)] == []
    assert len(changed) < 20, [(ascii(a), ascii(b)) for a, b in changed]


async def test_every_string_may_be_a_title_and_metadata(ann_http: httpx2.AsyncClient) -> None:
    session = (await ann_http.post("/v1/chat", json={"message": "Hello"})).json()["session_id"]
    room = asyncio.Lock()

    async def name(text: str) -> httpx2.Response:
        async with room:
            path, change = f"/v1/sessions/{session}", {"title": text, "metadata": {"said": text}}
            answer = await ann_http.patch(path, json=change)
            if answer.status_code == 200:
                kept = (await ann_http.get(path)).json()
                assert (kept["title"], kept["metadata"]) == (text, {"said": text})
            return answer

    seen = await statuses(name)
    assert set(seen) <= {200, 422}
    assert seen[200] > 0.9 * len(NAUGHTY)


@pytest.mark.parametrize(
    "path", ["/v1/sessions/{}", "/v1/turns/{}/events", "/v1/{}", "/v1/sessions?after={}"]
)
async def test_every_string_may_be_asked_for(ann_http: httpx2.AsyncClient, path: str) -> None:
    seen = await statuses(lambda text: ann_http.get(path.format(quote(text, safe=""))))
    assert set(seen) <= {200, 404, 405, 422}


@pytest.mark.parametrize(
    "header", ["X-Request-Id", "Last-Event-ID", "X-Frontdesk-User", "Authorization", "Accept"]
)
async def test_every_string_may_be_a_header(ann_http: httpx2.AsyncClient, header: str) -> None:
    def ask(text: str) -> Awaitable[httpx2.Response]:
        headers: Iterable[tuple[bytes, bytes]] = [(header.encode(), text.encode())]
        return ann_http.get("/v1/turns/turn_1/events", headers=list(headers))

    assert set(await statuses(ask)) <= {401, 404, 422, 429}  # many wrong keys are slowed down


@pytest.mark.parametrize("field", ["session_id", "on_busy", "instructions"])
async def test_every_string_may_be_another_field(ann_http: httpx2.AsyncClient, field: str) -> None:
    body = {"message": " "}  # so that no turn begins
    seen = await statuses(lambda text: ann_http.post("/v1/chat", json={**body, field: text}))
    assert set(seen) == {422}


async def test_every_string_may_be_an_idempotency_key(ann_http: httpx2.AsyncClient) -> None:
    def ask(text: str) -> Awaitable[httpx2.Response]:
        headers = [(b"Idempotency-Key", text.encode())]
        body = {"message": "Where is my order 2024-1001?"}
        return ann_http.post("/v1/chat", json=body, headers=headers)

    seen = await statuses(ask)
    assert set(seen) == {200, 422}
