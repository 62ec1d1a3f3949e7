"""Desks and plugins with the MCP server of the tests, and calls of its tools."""

import json
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from agents import FunctionTool
from agents.tool_context import ToolContext
from tests import mcp_server

from frontdesk.config import Settings
from frontdesk.contract.context import TurnContext
from frontdesk.plugins import Loaded, load_plugins
from frontdesk.testing import a_turn

STDIO = {"command": sys.executable, "args": [str(Path(mcp_server.__file__))]}


def named(tmp_path: Path, **servers: Any) -> Path:
    """A file that names these servers."""
    path = tmp_path / "mcp.json"
    path.write_text(json.dumps({"mcpServers": servers}))
    return path


def settings_of(tmp_path: Path, **servers: Any) -> Settings:
    """Settings with such a file."""
    path = named(tmp_path, **servers)
    return Settings(_env_file=None, data_dir=tmp_path / "data", mcp_servers=path)


@asynccontextmanager
async def running(tmp_path: Path, **servers: Any) -> AsyncIterator[Loaded]:
    """What is loaded with these servers; one that says neither where nor what it is, over HTTP."""
    async with mcp_server.served() as url:
        for entry in servers.values():
            if not {"url", "command", "comand"} & set(entry):
                entry.update({"connections": 1, **entry, "url": url})
        async with load_plugins(settings_of(tmp_path, **servers)) as loaded:
            yield loaded


def tools(loaded: Loaded) -> Mapping[str, FunctionTool]:
    """The tools of the MCP servers."""
    return {each.name: each for each in loaded.parts.tools if isinstance(each, FunctionTool)}


async def called(tool: FunctionTool, turn: TurnContext | None = None, **arguments: Any) -> str:
    """What a tool returns to a model in this turn."""
    given = json.dumps(arguments)
    run = ToolContext(turn or a_turn(), tool_name=tool.name, tool_call_id="1", tool_arguments=given)
    result = await tool.on_invoke_tool(run, given)
    assert isinstance(result, str)
    return result
