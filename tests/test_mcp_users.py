"""Users of MCP servers: a call goes with the token of the user whose turn it is, and no other."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs
from tests import mcp_server
from tests.mcp_tools import STDIO, called, running, tools

from frontdesk.testing import a_turn

TOKENS = """
[acme]
ann = "key-of-ann"
bob = "key-of-bob"
[other]
ann = "key-of-other-ann"
"""


def tokens(tmp_path: Path, text: str = TOKENS, mode: int = 0o600) -> Mapping[str, Any]:
    """A declaration's field that names a file of tokens."""
    path = tmp_path / "tokens.toml"
    path.write_text(text)
    path.chmod(mode)
    return {"user_tokens": path.name}


async def test_over_http_a_call_has_the_header_of_its_user(tmp_path: Path) -> None:
    own = {"headers": {"Authorization": "Bearer ours"}}
    async with running(tmp_path, probe={**tokens(tmp_path), **own}) as loaded:
        tool = tools(loaded)["probe_whoami"]
        assert await called(tool, a_turn(user="ann")) == "acme ann None Bearer key-of-ann"
        assert await called(tool, a_turn(user="bob")) == "acme bob None Bearer key-of-bob"


async def test_over_stdio_a_call_has_the_token_of_its_user(tmp_path: Path) -> None:
    async with running(tmp_path, probe={**STDIO, **tokens(tmp_path)}) as loaded:
        tool = tools(loaded)["probe_whoami"]
        assert await called(tool, a_turn(user="bob")) == "acme bob key-of-bob None"


async def test_a_user_of_the_same_name_in_another_tenant_is_somebody_else(tmp_path: Path) -> None:
    async with running(tmp_path, probe=dict(tokens(tmp_path))) as loaded:
        other = a_turn(user="ann", tenant="other")
        said = await called(tools(loaded)["probe_whoami"], other)
    assert said == "other ann None Bearer key-of-other-ann"


async def test_a_user_without_a_token_does_not_call_with_that_of_the_deployment(
    tmp_path: Path,
) -> None:
    own = {"headers": {"Authorization": "Bearer ours"}}
    before = mcp_server.seen["whoami"]
    async with running(tmp_path, probe={**tokens(tmp_path), **own}) as loaded:
        result = await called(tools(loaded)["probe_whoami"], a_turn(user="eve"))

    assert result == (
        "The tool probe_whoami was not called: this user has no access to its server."
    )
    assert mcp_server.seen["whoami"] == before


async def test_a_token_is_withdrawn_while_the_desk_works(tmp_path: Path) -> None:
    async with running(tmp_path, probe=dict(tokens(tmp_path))) as loaded:
        tool = tools(loaded)["probe_whoami"]
        assert await called(tool) == "acme ann None Bearer key-of-ann"
        tokens(tmp_path, "")
        assert "has no access" in await called(tool)


@pytest.mark.parametrize(("text", "mode"), [(TOKENS, 0o644), ("[acme", 0o600)])
async def test_a_file_of_tokens_that_is_open_or_broken_lets_nobody_call(
    tmp_path: Path, text: str, mode: int
) -> None:
    with capture_logs() as logs:
        async with running(tmp_path, probe=dict(tokens(tmp_path, text, mode))) as loaded:
            result = await called(tools(loaded)["probe_whoami"])

    assert "this user has no access" in result
    assert "tokens.toml" in str(logs)
    assert "key-of" not in str(logs)


async def test_calls_of_many_users_at_once_have_each_their_own_token(tmp_path: Path) -> None:
    table = "[acme]\n" + "".join(f'u{n} = "key-{n}"\n' for n in range(100))
    entry = {**tokens(tmp_path, table), "connections": 4}
    async with running(tmp_path, probe=entry) as loaded:
        tool = tools(loaded)["probe_whoami"]
        said = await asyncio.gather(*(called(tool, a_turn(user=f"u{n}")) for n in range(100)))
    assert said == [f"acme u{n} None Bearer key-{n}" for n in range(100)]
