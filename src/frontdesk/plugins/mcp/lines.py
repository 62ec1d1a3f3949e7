"""Connections to one MCP server: opened by the SDK, and opened again when the server has died."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from os import devnull
from typing import Any

import structlog
from agents.mcp import (
    MCPServer,
    MCPServerManager,
    MCPServerStdio,
    MCPServerStreamableHttp,
    MCPToolMetaContext,
)
from agents.mcp.server import MCPStreamTransport
from mcp import stdio_client
from mcp.shared.exceptions import MCPError
from mcp.types import REQUEST_TIMEOUT
from mcp.types import Tool as Listed

from frontdesk.contract.attempts import Failed, attempt
from frontdesk.contract.errors import PluginError
from frontdesk.plugins.mcp.declarations import Declaration
from frontdesk.plugins.mcp.tokens import SpeaksFor, UserTokens

PAUSE_S = 30.0
"""How long a server that did not come back is left alone."""
READ_SLACK_S = 60.0
PAGES = 50
"""How many pages of tools a server may list."""

Meta = Callable[[MCPToolMetaContext], dict[str, Any] | None]

log = structlog.get_logger()


@dataclass(slots=True, eq=False)
class Line:
    """One connection. `calls` counts those under way."""

    server: MCPServer
    manager: MCPServerManager
    declaration: Declaration
    calls: int = 0
    _doubted: bool = False
    _not_before: float = 0.0
    _mending: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def away(self) -> bool:
        """Whether the server did not come back on this line a moment ago."""
        return asyncio.get_running_loop().time() < self._not_before

    async def ready(self) -> bool:
        """Whether the server can be called; one that has died is started again first."""
        if not self._doubted:
            return True
        async with self._mending:
            if self._doubted and not self.away:
                self._doubted = not (await self._answers() or await self._reopened())
        return not self._doubted

    def doubt(self, error: Exception) -> None:
        """A call failed: unless the server was only slow, the next one looks whether it lives."""
        if not (isinstance(error, MCPError) and error.error.code == REQUEST_TIMEOUT):
            self._doubted = True

    async def tools(self) -> list[Listed]:
        """What the server offers."""
        return await self.server.list_tools()

    async def _answers(self) -> bool:
        try:
            await attempt(self.tools(), self.declaration.start_s)
        except Failed:
            return False
        return True

    async def _reopened(self) -> bool:
        name = self.server.name
        if await self.manager.reconnect(failed_only=False):
            log.info("mcp.reconnected", server=name)
            return True
        self._not_before = asyncio.get_running_loop().time() + PAUSE_S
        error = self.manager.errors.get(self.server)
        log.error("mcp.unreachable", server=name, error=type(error).__name__)
        return False


@asynccontextmanager
async def opened(name: str, declaration: Declaration, meta: Meta) -> AsyncIterator[list[Line]]:
    """The connections, all usable.

    Raises:
        PluginError: the server does not start, or does not answer.
    """
    # The SDK sends the calls of one HTTP connection one after the other.
    count = declaration.connections if declaration.url else 1
    servers = [_server(name, declaration, meta) for _ in range(count)]
    managers = [_manager(each, declaration) for each in servers]
    lines = [Line(*pair, declaration) for pair in zip(servers, managers, strict=True)]
    async with _all(managers):
        for line in lines:
            if error := line.manager.errors.get(line.server):
                raise PluginError(_cause(declaration, error))
        yield lines


def _manager(server: MCPServer, declaration: Declaration) -> MCPServerManager:
    # "In parallel" gives a server a task of its own: when its connection breaks, that is cancelled.
    start_s = declaration.start_s
    return MCPServerManager([server], connect_timeout_seconds=start_s, connect_in_parallel=True)


@asynccontextmanager
async def _all(managers: list[MCPServerManager]) -> AsyncIterator[None]:
    try:
        await asyncio.gather(*(each.connect_all() for each in managers))
        yield
    finally:
        await asyncio.gather(*(each.cleanup_all() for each in managers))


class _Stdio(MCPServerStdio):
    """Drops what the server writes to stderr: it is no line of our log, and may quote a user."""

    def create_streams(self) -> AbstractAsyncContextManager[MCPStreamTransport]:
        """The server's process, its stdin and stdout."""
        return self._silent()

    @asynccontextmanager
    async def _silent(self) -> AsyncIterator[MCPStreamTransport]:
        with open(devnull, "w") as nowhere:  # noqa: ASYNC230 - the null device never blocks
            async with stdio_client(self.params, errlog=nowhere) as streams:
                yield streams


def _server(name: str, declaration: Declaration, meta: Meta) -> MCPServer:
    shared: dict[str, Any] = {
        "name": name,
        "client_session_timeout_seconds": declaration.timeout_s,
        "tool_meta_resolver": meta,
        "max_list_pages": PAGES,
    }
    if declaration.command is not None:
        return _Stdio(
            {
                "command": declaration.command,
                "args": list(declaration.args),
                "env": declaration.env,
                "cwd": str(declaration.cwd),
            },
            **shared,
        )
    tokens = declaration.user_tokens
    return MCPServerStreamableHttp(
        {
            "url": declaration.url or "",
            "headers": declaration.headers,
            "timeout": declaration.timeout_s,
            # Later than the call's own deadline: this one takes the whole connection down.
            "sse_read_timeout": declaration.timeout_s + READ_SLACK_S,
            "auth": SpeaksFor(UserTokens(tokens)) if tokens else None,
        },
        **shared,
    )


def _cause(declaration: Declaration, error: BaseException) -> str:
    words = str(error) or type(error).__name__
    if declaration.command:
        command = " ".join((declaration.command, *declaration.args))
        return f"its server does not start: {words}. Run it by hand to see why: {command}"
    return f"its server does not answer: {words}"
