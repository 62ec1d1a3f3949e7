"""An MCP server as a plugin: it brings the tools that the server lists."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from frontdesk.contract.errors import PluginError
from frontdesk.contract.parts import Parts, Plugin, PluginPlace
from frontdesk.plugins.mcp.calls import meta_of, tools_of
from frontdesk.plugins.mcp.declarations import read
from frontdesk.plugins.mcp.lines import opened


def mcp_plugin(entry: Any, folder: Path) -> Plugin:
    """The plugin of an entry of the file of MCP servers, which is in this folder. Starting it
    raises PluginError when the entry is wrong, or the server does not start or offers no tool.
    """

    @asynccontextmanager
    async def plugin(place: PluginPlace) -> AsyncIterator[Parts]:
        declaration = read(entry, folder)
        async with opened(place.name, declaration, meta_of(declaration)) as lines:
            tools = tools_of(place.name, declaration, lines, await lines[0].tools())
            if not tools:
                raise PluginError("its server offers no tool that `allow` and `deny` let through")
            yield Parts(tools=tools)

    return plugin
