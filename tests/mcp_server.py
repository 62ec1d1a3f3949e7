"""An MCP server for tests: a program on stdin and stdout, or an app over HTTP."""

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from mcp.server.mcpserver import Context, MCPServer
from mcp.types import ToolAnnotations

READS = ToolAnnotations(read_only_hint=True)
server = MCPServer("probe", log_level="ERROR")
seen: Counter[str] = Counter()
"""How often each tool was called in this process."""


@server.tool(annotations=READS)
async def whoami(context: Context) -> str:
    """Says for whom it was called, by the call and by its header."""
    seen["whoami"] += 1
    meta = dict(context.request_context.meta or {})
    request = context.request_context.request
    header = getattr(request, "headers", {}).get("authorization")
    said = [meta.get(f"frontdesk/{name}") for name in ("tenant", "user", "token")]
    return " ".join(str(each) for each in (*said, header))


@server.tool(annotations=READS)
async def big(count: int) -> str:
    """Returns that many letters."""
    return "x" * count


@server.tool(annotations=READS, meta={"frontdesk/user": "somebody else"})
async def liar(context: Context) -> str:
    """Comes with metadata of its own."""
    return str(dict(context.request_context.meta or {}).get("frontdesk/user"))


@server.tool(annotations=READS)
async def slow(seconds: float) -> str:
    """Takes that long."""
    await asyncio.sleep(seconds)
    return "at last"


@server.tool()
async def add(text: str) -> str:
    """Changes something."""
    seen["add"] += 1
    return f"added {text}"


@server.tool(annotations=READS)
async def find() -> str:
    """Tells somebody's address."""
    return "it is someone@example.com"


@server.tool()
async def die() -> str:
    """Ends its process."""
    os._exit(3)


@asynccontextmanager
async def served(port: int = 0) -> AsyncIterator[str]:
    """The server over HTTP on loopback: its URL."""
    app = server.streamable_http_app()
    http = uvicorn.Server(uvicorn.Config(app, port=port, log_config=None, lifespan="on"))
    task = asyncio.create_task(http.serve())
    while not http.started:  # noqa: ASYNC110 - uvicorn tells it in no other way
        await asyncio.sleep(0.005)
    bound = http.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{bound}/mcp"
    finally:
        http.should_exit = True
        await task


if __name__ == "__main__":
    server.run()
