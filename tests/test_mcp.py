"""MCP servers named in a file: their tools, over stdio and HTTP, and what a bad one costs."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs
from tests import mcp_server
from tests.mcp_tools import STDIO, called, named, running, settings_of, tools

from frontdesk.assembly import open_desk
from frontdesk.cli.doctor.plugins import plugins
from frontdesk.cli.doctor.surroundings import Surroundings, bystander
from frontdesk.config import Settings
from frontdesk.contract.errors import PluginError
from frontdesk.contract.guardrails import Policy
from frontdesk.guardrails.chain import WITHHELD
from frontdesk.plugins import load_plugins
from frontdesk.testing import FakeOpenAI, Visitor, text, tool_call
from frontdesk.tools.hints import reads_only


async def test_the_tools_of_a_server_are_called_by_an_agent(
    settings: Settings, upstream: FakeOpenAI, tmp_path: Path
) -> None:
    upstream.script(tool_call("probe_add", {"text": "milk"}), text("It is on the list."))
    chosen = settings.model_copy(update={"mcp_servers": named(tmp_path, probe=STDIO)})
    async with open_desk(chosen) as desk:
        result = await Visitor(desk, "ann").ask("Put milk on the list")

    assert result.answer == "It is on the list."
    assert "added milk" in json.dumps(upstream.requests[-1].body)
    assert result.receipt
    assert [(use.name, use.ok) for use in result.receipt.tools] == [("probe_add", True)]


async def test_what_a_server_returns_passes_the_guardrails(
    settings: Settings, upstream: FakeOpenAI, tmp_path: Path
) -> None:
    upstream.script(tool_call("probe_find", {}), text("Found it."))
    async with mcp_server.served() as url:
        chosen = settings.model_copy(update={"mcp_servers": named(tmp_path, probe={"url": url})})
        async with open_desk(chosen, policy=Policy(blocked_words=("someone",))) as desk:
            await Visitor(desk, "ann").ask("Where does he live?")

    seen = json.dumps(upstream.requests[-1].body)
    assert WITHHELD in seen
    assert "someone@example.com" not in seen


@pytest.mark.parametrize("transport", ["stdio", "http"])
async def test_both_transports_say_for_whom_a_call_is(tmp_path: Path, transport: str) -> None:
    entry: dict[str, Any] = STDIO if transport == "stdio" else {}
    async with running(tmp_path, probe={**entry, "send_user": True}) as loaded:
        assert await called(tools(loaded)["probe_whoami"]) == "acme ann None None"


async def test_nobody_is_named_to_a_server_that_need_not_know(tmp_path: Path) -> None:
    async with running(tmp_path, probe={}) as loaded:
        assert await called(tools(loaded)["probe_whoami"]) == "None None None None"


async def test_a_server_cannot_overrule_what_a_call_says_about_its_user(tmp_path: Path) -> None:
    async with running(tmp_path, probe={"send_user": True}) as loaded:
        assert await called(tools(loaded)["probe_liar"]) == "ann"


@pytest.mark.parametrize(
    ("fields", "offered"),
    [
        ({"allow": ["a*", "whoami"]}, {"probe_add", "probe_whoami"}),
        ({"deny": ["*i*", "slow", "d*"]}, {"probe_add"}),
        ({"allow": ["add"], "prefix": "todo"}, {"todo_add"}),
        ({"allow": ["add"], "prefix": ""}, {"add"}),
    ],
)
async def test_a_declaration_chooses_tools_and_their_prefix(
    tmp_path: Path, fields: dict[str, Any], offered: set[str]
) -> None:
    async with running(tmp_path, probe=dict(fields)) as loaded:
        assert set(tools(loaded)) == offered
        assert loaded.owners[f"tool {min(offered)}"] == "probe (MCP server)"


async def test_a_file_in_toml_may_name_variables_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROBE_SCRIPT", str(Path(mcp_server.__file__)))
    path = tmp_path / "mcp.toml"
    path.write_text(
        f'[mcpServers.probe]\ncommand = "{sys.executable}"\nargs = ["${{PROBE_SCRIPT}}"]\n'
    )
    settings = Settings(_env_file=None, data_dir=tmp_path, mcp_servers=path)
    async with load_plugins(settings) as loaded:
        assert "probe_add" in tools(loaded)


@pytest.mark.parametrize(
    ("entry", "cause"),
    [
        ({"command": "no-such-program"}, "its server does not start: "),
        ({"command": "false"}, "Run it by hand to see why: false"),
        ({"url": "http://127.0.0.1:9/mcp"}, "its server does not answer: "),
        ({"command": sys.executable, "args": ["-c", "input()"], "start_s": 0.3}, "not start"),
        ({"command": "x", "url": "http://127.0.0.1/"}, "give it either a `command` or a `url`"),
        ({"comand": "x"}, "comand: Extra inputs are not permitted"),
        ({"command": "${NO_SUCH_VARIABLE}"}, "NO_SUCH_VARIABLE is not set"),
        ({"deny": ["*"]}, "offers no tool"),
    ],
)
async def test_a_server_that_cannot_be_used_costs_only_its_own_tools(
    tmp_path: Path, entry: dict[str, Any], cause: str
) -> None:
    with capture_logs():
        async with running(tmp_path, bad=dict(entry), probe={}) as loaded:
            [problem] = loaded.problems
            assert problem.startswith("bad (MCP server): ")
            assert cause in problem
            assert "probe_add" in tools(loaded)


async def test_the_doctor_names_a_server_that_does_not_start(tmp_path: Path) -> None:
    chosen = settings_of(tmp_path, probe=STDIO, bad={"command": "no-such-program"})
    around = Surroundings(chosen, frozenset(), frozenset(), None, "", bystander)
    with capture_logs():
        finding = await plugins(around)

    assert finding.status == "FAIL"
    assert "bad (MCP server): its server does not start" in finding.evidence


async def test_a_disabled_server_is_not_started(tmp_path: Path) -> None:
    async with running(tmp_path, off={"command": "no-such-program", "disabled": True}) as loaded:
        assert loaded.problems == ()


@pytest.mark.parametrize(
    ("words", "mode", "cause"),
    [
        ("{}", 0o600, "it has no table `mcpServers`"),
        ("{", 0o600, "mcp.json: "),
        ("{}", 0o602, "everybody may write to it"),
    ],
)
async def test_a_file_that_cannot_be_trusted_or_read_is_named(
    tmp_path: Path, words: str, mode: int, cause: str
) -> None:
    path = named(tmp_path)
    path.write_text(words)
    path.chmod(mode)
    settings = Settings(_env_file=None, data_dir=tmp_path, mcp_servers=path)
    with pytest.raises(PluginError, match=cause):
        async with load_plugins(settings):
            pass


async def test_a_server_that_died_costs_one_call_and_is_started_again(tmp_path: Path) -> None:
    with capture_logs() as logs:
        async with running(tmp_path, probe=STDIO) as loaded:
            lost = await called(tools(loaded)["probe_die"])
            assert lost.startswith("The tool probe_die failed: ")
            assert lost.endswith("Its outcome is unknown; do not call it again in this turn.")
            assert await called(tools(loaded)["probe_add"], text="tea") == "added tea"
    assert "mcp.reconnected" in [each["event"] for each in logs]


async def test_a_server_that_stays_away_is_named_and_not_waited_for(tmp_path: Path) -> None:
    async with mcp_server.served() as url:
        leaving = running(tmp_path, probe={"url": url, "connections": 1, "start_s": 2})
        loaded = await leaving.__aenter__()
        tool = tools(loaded)["probe_whoami"]
        assert await called(tool) == "None None None None"
    with capture_logs() as logs:
        first, second = await called(tool), await called(tool)
        await leaving.__aexit__(None, None, None)

    assert first.startswith("The tool probe_whoami failed: ")
    assert second == "The tool probe_whoami was not called: its server does not answer."
    assert "mcp.unreachable" in [each["event"] for each in logs]


async def test_a_call_that_is_too_slow_ends_and_the_next_one_goes_on(tmp_path: Path) -> None:
    with capture_logs():
        async with running(tmp_path, probe={"timeout_s": 1.5}) as loaded:
            late = await called(tools(loaded)["probe_slow"], seconds=30)
            assert late.startswith("The tool probe_slow failed: ")
            assert await called(tools(loaded)["probe_slow"], seconds=0) == "at last"


async def test_a_result_that_is_too_long_is_an_error(tmp_path: Path) -> None:
    with capture_logs():
        async with running(tmp_path, probe={}) as loaded:
            result = await called(tools(loaded)["probe_big"], count=300_000)
    assert result == "The tool probe_big failed: its result is too long."


async def test_calls_over_http_do_not_wait_for_each_other(tmp_path: Path) -> None:
    async with running(tmp_path, probe={"connections": 2}) as loaded:
        slow = asyncio.create_task(called(tools(loaded)["probe_slow"], seconds=30))
        async with asyncio.timeout(20):
            assert await called(tools(loaded)["probe_add"], text="tea") == "added tea"
        assert not slow.done()
        slow.cancel()


async def test_a_tool_that_says_so_counts_as_one_that_changes_nothing(tmp_path: Path) -> None:
    async with running(tmp_path, probe={}) as loaded:
        assert reads_only(tools(loaded)["probe_whoami"])
        assert not reads_only(tools(loaded)["probe_add"])
