"""Plugins that misbehave, each as a file of the plugins folder."""

from dataclasses import dataclass

HEAD = """
import asyncio, sys, time
from contextlib import asynccontextmanager
from frontdesk.contract.handlers import Handler, Pass
from frontdesk.contract.parts import Parts, Specialist
from frontdesk.contract.tools import First, Tool, tool
"""

TOOL = """
@tool(first=First("go bad"), timeout_s=0.2)
{function}

@asynccontextmanager
async def plugin(place):
    yield Parts(tools=(bad,))
"""

HANDLER = """
async def handle(context):
    {body}

@asynccontextmanager
async def plugin(place):
    yield Parts(handlers=(Handler("bad", handle, timeout_s=0.2),))
"""

START = """
@asynccontextmanager
async def plugin(place):
    {body}
    yield Parts()
"""


@dataclass(frozen=True)
class Bad:
    """What is wrong, the text of the file, what the log says of it, and whether a part of the
    plugin is there all the same.
    """

    name: str
    text: str
    cause: str


def _tool(body: str, head: str = "async def bad() -> str:") -> str:
    return TOOL.format(function=f'{head}\n    """Is bad."""\n    {body}')


AT_START = (
    Bad("raises_at_import", "raise ValueError('no key')", "it raised ValueError: no key"),
    Bad("hangs_at_import", "time.sleep(60)", "it did not finish within"),
    Bad("exits_at_import", "sys.exit(3)", "it raised SystemExit: 3"),
    Bad("raises_at_start", START.format(body="1 / 0"), "it raised ZeroDivisionError"),
    Bad("exits_at_start", START.format(body="sys.exit(3)"), "it raised SystemExit: 3"),
    Bad(
        "hangs_at_start",
        START.format(body="await asyncio.Event().wait()"),
        "it did not finish within",
    ),
    Bad(
        "bad_schema",
        _tool("return ''", "async def bad(lock: asyncio.Lock) -> str:").replace(
            '("go bad")', "('')"
        ),
        "No schema can be made of the tool bad",
    ),
    Bad(
        "shadows",
        _tool("return ''").replace("bad", "clock"),
        "its tool clock is left out: one of that name is from clock (frontdesk",
    ),
    Bad("clock", START.format(body="pass"), "its name is taken by clock (frontdesk"),
)

IN_A_CALL = (
    Bad("tool_raises", _tool("raise OSError"), "OSError"),
    Bad("tool_exits", _tool("sys.exit(3)"), "SystemExit"),
    Bad("tool_hangs", _tool("await asyncio.Event().wait()"), "TimeoutError"),
    Bad("tool_blocks", _tool("time.sleep(5)", "def bad() -> str:"), "TimeoutError"),
    Bad("tool_returns_50_mb", _tool("return 'x' * 50_000_000"), "ResultTooLong"),
    Bad("tool_returns_no_json", _tool("return object()"), "TypeError"),
    Bad(
        "tool_will_not_stop",
        _tool(
            "while True:\n        try:\n            await asyncio.sleep(0.05)\n"
            "        except asyncio.CancelledError:\n            pass"
        ),
        "TimeoutError",
    ),
    Bad("handler_raises", HANDLER.format(body="raise OSError"), "OSError"),
    Bad("handler_exits", HANDLER.format(body="sys.exit(3)"), "SystemExit"),
    Bad(
        "handler_never_ends",
        HANDLER.format(body="while True:\n        await asyncio.sleep(0)"),
        "TimeoutError",
    ),
)
