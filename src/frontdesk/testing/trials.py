"""Trying a plugin out in a test: its parts, one tool, or a desk whose model follows a script."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from frontdesk.assembly import open_desk
from frontdesk.config import load_settings
from frontdesk.contract.context import Ledger, TurnContext
from frontdesk.contract.messages import Caller, Message
from frontdesk.contract.parts import M, Parts, Plugin, PluginPlace
from frontdesk.contract.tools import Tool
from frontdesk.testing.fake_openai import Reply, fake_openai
from frontdesk.testing.visitor import Visitor
from frontdesk.tools.calls import call
from frontdesk.tools.limits import limited


class ToolFailed(Exception):
    """A tool failed: the words are those that the model would read."""


def a_turn(text: str = "", user: str = "ann", tenant: str = "acme", *scopes: str) -> TurnContext:
    """A turn of this user, as a tool or a handler sees it."""
    caller = Caller(tenant, user, frozenset({"chat", "read", *scopes}))
    return TurnContext(Message("turn_1", caller, text), text, "session_1")


async def run_tool(tool: Any, context: TurnContext | None = None, /, **arguments: Any) -> Any:
    """What a tool's function returns, called as a desk calls it: with its deadline, its largest
    result, in a thread if it blocks.

    Raises:
        ToolFailed: it raised, was too slow, or returned what no model can be given.
    """
    if not isinstance(tool, Tool):
        raise TypeError(f"{tool!r} is no tool: write @tool above the function.")
    result = await call(limited(tool), context or a_turn(), arguments, _as_is)
    if not result.ok:
        raise ToolFailed(result.text)
    return result.value


@asynccontextmanager
async def parts_of(plugin: Plugin, **values: Any) -> AsyncIterator[Parts]:
    """What a plugin yields when its settings have these values; its folder is thrown away."""

    def settings(model: type[M], /) -> M:
        return model(**values)

    with tempfile.TemporaryDirectory() as folder:
        async with plugin(PluginPlace("trial", Path(folder), settings)) as parts:
            yield parts


@asynccontextmanager
async def scripted_desk(plugin: Plugin, *replies: Reply, **settings: Any) -> AsyncIterator[Visitor]:
    """A user of a desk with this plugin alone. Its models say the `replies` one after the other
    (`tool_call("clock", {})`, `text("Noon.")`); everything else is the real thing, and gone
    afterwards. `settings` are those of a deployment.
    """
    with tempfile.TemporaryDirectory() as folder:
        async with fake_openai() as upstream:
            upstream.script(*replies)
            alone: dict[str, Any] = {"plugins_deny": ("*",), "plugins_dir": None, "faq": None}
            place = {"data_dir": Path(folder), "redis_url": None}
            chosen = {"openai_base_url": upstream.base_url, **alone, **place, **settings}
            async with open_desk(load_settings(**chosen), plugins={"trial": plugin}) as desk:
                yield Visitor(desk, "ann")


async def _as_is(text: str, _ledger: Ledger) -> str:
    return text
