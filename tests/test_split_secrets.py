"""A secret in a streamed answer, split anywhere: no reader of any surface gets a part of it."""

import asyncio
import json
import os
import re
import sys
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal

import httpx2
import pytest
import pytest_asyncio
from tests.app_clients import app_on, client_of
from tests.test_streaming_modes import KEY, SECRET

from frontdesk.assembly import open_desk
from frontdesk.config import Settings
from frontdesk.contract.guardrails import Policy
from frontdesk.contract.parts import Parts, PluginPlace
from frontdesk.desk import Desk
from frontdesk.testing import FakeOpenAI
from frontdesk.testing.fake_openai import text

BEFORE, AFTER = "The key of the shop is ", ", and the shop opens at nine."
SORRY = Policy().message("secret")
SAMPLE = (1, 4, 5, 11, len(KEY) - 1)
PLUGIN = """
import re
from contextlib import asynccontextmanager

from frontdesk.contract.guardrails import Finding
from frontdesk.contract.parts import Parts
from frontdesk.guardrails.detector import detector

def keys(text):
    for found in re.finditer("key-[a-z0-9]+", text.folded.text):
        yield Finding("secret", *text.folded.span(*found.span()))

@asynccontextmanager
async def plugin(place):
    yield Parts(guardrails=(detector("secrets", keys, reach=30),))
"""


@asynccontextmanager
async def plugin(_place: PluginPlace) -> AsyncIterator[Parts]:
    yield Parts(guardrails=(SECRET,))


@pytest_asyncio.fixture(params=["responses", "chat_completions"])
async def desk(settings: Settings, request: pytest.FixtureRequest) -> AsyncIterator[Desk]:
    api: Literal["responses", "chat_completions"] = request.param
    chosen = settings.model_copy(update={"model_api": api})
    async with open_desk(chosen, plugins={"secrets": plugin}) as opened:
        yield opened


@pytest_asyncio.fixture
async def http(desk: Desk, settings: Settings) -> AsyncIterator[httpx2.AsyncClient]:
    async with client_of(app_on(desk, settings)) as client:
        yield client


def split(at: int, said: str) -> Sequence[str]:
    return (BEFORE + said[:at], said[at:], AFTER)


def frames(sent: str) -> list[tuple[str, dict[str, Any]]]:
    """The id and the data of each event of a stream."""
    blocks = [
        dict(line.split(": ", 1) for line in each.splitlines()) for each in sent.split("\n\n")
    ]
    return [(block["id"], json.loads(block["data"])) for block in blocks if "data" in block]


def shown(events: Sequence[tuple[str, dict[str, Any]]]) -> str:
    return "".join(data["text"] for _, data in events if "text" in data)


@pytest.mark.parametrize("at", SAMPLE)
async def test_no_reader_of_a_stream_gets_a_part_of_it(
    http: httpx2.AsyncClient, upstream: FakeOpenAI, at: int
) -> None:
    upstream.script(text(*split(at, KEY)))
    sent = await http.post("/v1/chat", json={"message": "The key?", "stream": True})
    events = frames(sent.text)
    turn_id = events[0][1]["turn_id"]
    assert shown(events) == BEFORE
    assert (events[-1][1]["status"], events[-1][1]["answer"]) == ("blocked", SORRY)
    assert KEY[:4] not in sent.text.replace("key of", "")
    for after in ("", *(name for name, _ in events[:-1])):
        headers = {"Last-Event-ID": after} if after else {}
        again = await http.get(f"/v1/turns/{turn_id}/events", headers=headers)
        assert frames(again.text) == events[len(events) - len(frames(again.text)) :]


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("at", SAMPLE)
@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("/v1/chat/completions", {"messages": [{"role": "user", "content": "The key?"}]}),
        ("/v1/responses", {"input": "The key?"}),
    ],
)
async def test_no_client_of_openai_gets_a_part_of_it(
    http: httpx2.AsyncClient,
    upstream: FakeOpenAI,
    path: str,
    asked: dict[str, Any],
    at: int,
    stream: bool,
) -> None:
    upstream.script(text(*split(at, KEY)))
    sent = await http.post(path, json={"model": "frontdesk", "stream": stream, **asked})
    assert SORRY in sent.text
    assert KEY[:4] not in sent.text.replace("key of", "")
    if path == "/v1/responses" and stream:
        created = json.loads(sent.text.split("data: ", 1)[1].splitlines()[0])
        again = await http.get(f"{path}/{created['response']['id']}", params={"stream": "true"})
        assert KEY[:4] not in again.text.replace("key of", "")


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/responses"])
async def test_clients_of_openai_get_the_same_text_without_the_secret_whole(
    http: httpx2.AsyncClient, upstream: FakeOpenAI, path: str, stream: bool
) -> None:
    said = split(3, "key-less")
    upstream.script(text(*said))
    question: Any = "The key?"
    told = {"input": question, "messages": [{"role": "user", "content": question}]}
    sent = await http.post(path, json={"model": "frontdesk", "stream": stream, **told})
    pieces = re.findall(r'"(?:delta|content)":"([^"]*)"', sent.text)
    assert "".join(said) in (sent.text if not stream else "".join(pieces))


@pytest.mark.parametrize("at", SAMPLE)
async def test_a_json_answer_has_no_part_of_it_nor_has_the_history(
    http: httpx2.AsyncClient, upstream: FakeOpenAI, at: int
) -> None:
    upstream.script(text(*split(at, KEY)))
    answer = (await http.post("/v1/chat", json={"message": "The key?"})).json()
    assert (answer["status"], answer["answer"]) == ("blocked", SORRY)
    session = await http.get(f"/v1/sessions/{answer['session_id']}/turns")
    assert KEY[:6] not in session.text
    upstream.script(text("Good bye"))
    asked = {"message": "Bye", "session_id": answer["session_id"]}
    await http.post("/v1/chat", json=asked)
    assert KEY[:6] not in str(upstream.requests[-1].body)


@pytest.mark.parametrize("stream", [True, False])
async def test_the_same_text_without_the_secret_arrives_whole(
    http: httpx2.AsyncClient, upstream: FakeOpenAI, stream: bool
) -> None:
    said = split(3, "key-less")
    upstream.script(text(*said))
    sent = await http.post("/v1/chat", json={"message": "The key?", "stream": stream})
    if stream:
        assert shown(frames(sent.text)) == "".join(said)
    else:
        assert sent.json()["answer"] == "".join(said)


async def test_a_receipt_says_what_was_held_back(
    http: httpx2.AsyncClient, upstream: FakeOpenAI
) -> None:
    upstream.script(text(*split(3, "key-less")))
    sent = await http.post("/v1/chat", json={"message": "The key?", "stream": True})
    receipt = frames(sent.text)[-1][1]["receipt"]
    assert receipt["held_chars"] >= 3
    assert receipt["held_ms"] > 0
    assert receipt["stages_ms"]["guard_out"] > 0


async def test_the_terminal_shows_no_part_of_it(upstream: FakeOpenAI, tmp_path: Path) -> None:
    folder = tmp_path / "plugins"
    folder.mkdir()
    (folder / "secrets.py").write_text(PLUGIN)
    upstream.script(text(*split(9, KEY)))
    where = {"FRONTDESK_DATA_DIR": str(tmp_path), "FRONTDESK_PLUGINS_DIR": str(folder)}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "frontdesk", "chat"),
        stdin=PIPE,
        stdout=PIPE,
        stderr=STDOUT,
        env={**os.environ, "OPENAI_BASE_URL": upstream.base_url, **where},
    )
    printed = (await process.communicate(b"The key?\n"))[0].decode()
    assert BEFORE.split(" is ")[0] in printed
    assert "blocked · " in printed
    assert KEY[:6] not in printed
