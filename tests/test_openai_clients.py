"""Unmodified clients of OpenAI, each in an environment of its own, against a frontdesk server: what
`tests/clients/` tells of each.
"""

import asyncio
import json
import re
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from tests.openai_callers import Front, front_of

from frontdesk.assembly import open_desk
from frontdesk.config import load_settings
from frontdesk.demo import policy, shop
from frontdesk.sessions.embedded import embedded_server
from frontdesk.testing import fake_openai

PROGRAMS = Path(__file__).parent / "clients"
INSTALLED = Path(__file__).parent.parent / ".venv" / "clients"
UNREACHABLE = re.compile(
    r"No matching distribution|Connection|Temporary failure|timed out|Max retries|ENOTFOUND|ECONN"
    r"|ETIMEDOUT|EAI_AGAIN|ENETUNREACH|E40\d|403"
)


@dataclass(frozen=True, slots=True)
class Client:
    """A client: its program, the folder below `.venv/clients` that has what it needs, and which of
    OpenAI's protocols it is to speak where it knows both.
    """

    name: str
    program: str
    folder: str = ""
    protocol: str = ""

    @property
    def command(self) -> tuple[str, str]:
        """What runs it."""
        bin_ = INSTALLED / self.folder / "bin"
        runner = "node" if self.program.endswith(".mjs") else "python"
        return str(bin_ / runner) if self.folder else sys.executable, str(PROGRAMS / self.program)

    @property
    def installed(self) -> bool:
        """Whether all that it needs is there."""
        return not self.folder or (INSTALLED / self.folder / ".ready").exists()

    def require(self) -> None:
        """Skips where it could not be fetched, and fails where it could not be installed."""
        place = INSTALLED / self.folder
        if self.installed:
            return
        if not (place / "log").exists():
            pytest.skip(f"the client {self.name} is not installed: run `make clients`")
        said = (place / "log").read_text("utf-8", "replace")[-2000:]
        if UNREACHABLE.search(said):
            pytest.skip(f"the client {self.name} could not be fetched: {said[-300:]}")
        pytest.fail(f"the client {self.name} could not be installed:\n{said}")


CLIENTS = {
    client.name: client
    for client in (
        Client("openai-python 1.54", "openai_python.py", "openai-1"),
        Client("openai-python", "openai_python.py"),
        Client("openai-node", "openai_node.mjs", "node"),
        Client("openai-node responses", "openai_node_responses.mjs", "node"),
        Client("langchain", "langchain_chat.py", "langchain", "chat_completions"),
        Client("langchain responses", "langchain_chat.py", "langchain", "responses"),
        Client("agents-sdk", "agents_sdk.py", protocol="chat_completions"),
        Client("agents-sdk responses", "agents_sdk.py", protocol="responses"),
    )
}
OFFICIAL = ["openai-python 1.54", "openai-python", "openai-node"]
PLAIN = [*OFFICIAL, "langchain", "langchain responses"]
AGENTS = ["agents-sdk", "agents-sdk responses"]
NODE = "openai-node responses"
Told = Mapping[str, "dict[str, Any] | str"]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def told(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Told]:
    """What each client told: its report, or why it has none."""
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        url = await enter(embedded_server(tmp_path_factory.mktemp("valkey")))
        upstream = await enter(fake_openai())
        settings = load_settings(
            redis_url=url,
            secret="a secret for tests",
            openai_base_url=upstream.base_url,
            data_dir=tmp_path_factory.mktemp("data"),
        )
        desk = await enter(open_desk(settings, plugins={"shop": shop}, policy=policy()))
        front = await enter(front_of(desk, settings))
        reports = await asyncio.gather(*(_run(client, front) for client in CLIENTS.values()))
        yield dict(zip(CLIENTS, reports, strict=True))


async def _run(client: Client, front: Front) -> dict[str, Any] | str:
    if not client.installed:
        return "not installed"
    told = (front.base_url, front.ann_key, front.bob_key, *client.protocol.split())
    command = (*client.command, *told)
    pipe = asyncio.subprocess.PIPE
    cwd = INSTALLED / client.folder if client.folder else None
    process = await asyncio.create_subprocess_exec(*command, stdout=pipe, stderr=pipe, cwd=cwd)
    async with asyncio.timeout(120):
        out, err = await process.communicate()
    if process.returncode:
        return err.decode()[-4000:]
    report: dict[str, Any] = json.loads(out)
    return report


def report(told: Told, name: str) -> dict[str, Any]:
    CLIENTS[name].require()
    found = told[name]
    assert isinstance(found, dict), found
    return found


@pytest.mark.parametrize("name", OFFICIAL)
def test_a_client_lists_the_agents_as_models(told: Told, name: str) -> None:
    assert report(told, name)["models"] == ["frontdesk", "triage", "complaints"]


@pytest.mark.parametrize("name", PLAIN)
def test_a_client_gets_an_answer(told: Told, name: str) -> None:
    said = "You said: 안녕하세요 🙂"
    assert report(told, name)["answer"] == ["assistant", said, "stop", "frontdesk"]


@pytest.mark.parametrize("name", PLAIN)
def test_a_client_reads_an_answer_as_it_comes(told: Told, name: str) -> None:
    assert report(told, name)["stream"] == ["word100", True, ["stop"]]


@pytest.mark.parametrize("name", CLIENTS)
def test_a_client_brings_the_conversation_along(told: Told, name: str) -> None:
    seen = report(told, name)["turns"]
    assert "I like herons." in seen
    assert "assistant" in seen


@pytest.mark.parametrize("name", PLAIN)
def test_a_client_runs_its_own_tool(told: Told, name: str) -> None:
    expected = ["tool_calls", "get_weather", {"city": "Seoul"}, "Sunny."]
    assert report(told, name)["tool"] == expected


@pytest.mark.parametrize("name", PLAIN)
def test_a_client_puts_a_streamed_call_together(told: Told, name: str) -> None:
    assert report(told, name)["tool_stream"] == [["get_weather"], {"city": "Seoul"}]


@pytest.mark.parametrize("name", PLAIN)
def test_a_client_raises_what_openai_would_make_it_raise(told: Told, name: str) -> None:
    expected = [
        ["AuthenticationError", 401, "invalid_api_key"],
        ["NotFoundError", 404, "model_not_found"],
        ["BadRequestError", 400, None],
        ["InternalServerError", 503, "upstream_rate_limited"],
        ["InternalServerError", 503, "upstream_rate_limited"],
        ["NotFoundError", 404, None],
    ]
    found = report(told, name)["errors"]
    assert found == expected[: len(found)]
    assert len(found) >= 3


@pytest.mark.parametrize("name", [*PLAIN, *AGENTS])
def test_another_key_sees_nothing_under_the_same_name_of_a_session(told: Told, name: str) -> None:
    [seen] = report(told, name)["isolated"]
    assert "echo" in seen
    assert "heron" not in seen


@pytest.mark.parametrize("name", AGENTS)
def test_the_agents_sdk_talks_to_the_desk_as_to_a_model(told: Told, name: str) -> None:
    found = report(told, name)
    assert found["answer"] == ["You said: 안녕하세요 🙂"]
    assert found["stream"] == ["word100", True]


@pytest.mark.parametrize("name", AGENTS)
def test_the_agents_sdk_runs_its_tool_and_comes_back(told: Told, name: str) -> None:
    items = ["ToolCallItem", "ToolCallOutputItem", "MessageOutputItem"]
    assert report(told, name)["tool"] == [items, "Sunny in Seoul."]


@pytest.mark.parametrize("name", AGENTS)
def test_the_agents_sdk_raises_what_openai_would_make_it_raise(told: Told, name: str) -> None:
    assert report(told, name)["errors"] == [
        ["AuthenticationError", 401, "invalid_api_key"],
        ["NotFoundError", 404, "model_not_found"],
    ]


def test_the_javascript_client_reads_responses_whole_and_as_they_come(told: Told) -> None:
    found = report(told, NODE)
    assert found["answer"] == ["completed", "You said: 안녕하세요 🙂", "frontdesk"]
    assert found["stream"] == ["word100", True, "completed"]


def test_the_javascript_client_goes_on_from_a_response_and_in_a_conversation(told: Told) -> None:
    assert report(told, NODE)["conversation"] == [True, 4]


def test_the_javascript_client_hands_its_tools_output_to_the_next_response(told: Told) -> None:
    assert report(told, NODE)["tool"] == ["get_weather", {"city": "Seoul"}, "Sunny."]


def test_the_javascript_client_raises_what_openai_would_for_responses(told: Told) -> None:
    assert report(told, NODE)["errors"] == [
        ["NotFoundError", 404, "model_not_found"],
        ["BadRequestError", 400, "previous_response_not_found"],
        ["BadRequestError", 400, "missing_required_parameter"],
    ]


def test_the_javascript_client_of_another_key_finds_no_response_of_the_first(told: Told) -> None:
    assert report(told, NODE)["isolated"] == [
        ["NotFoundError", 404, None],
        ["BadRequestError", 400, "previous_response_not_found"],
    ]
