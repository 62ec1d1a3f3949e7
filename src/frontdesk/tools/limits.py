"""What keeps a plugin's code from costing others: threads, turns, and deadlines that hold."""

import asyncio
import inspect
import sys
from collections.abc import Awaitable, Callable
from copy import copy
from dataclasses import replace
from functools import partial, wraps
from typing import Any

import structlog
from agents import FunctionTool
from agents.tool_context import ToolContext

from frontdesk.contract.attempts import Failed, attempt
from frontdesk.contract.context import TurnContext
from frontdesk.contract.handlers import Handler, Outcome
from frontdesk.contract.tools import Tool
from frontdesk.tools.tasks import in_task, in_thread

THREADS = 8
"""Calls of one blocking tool or handler that run at the same time, if it says no other number."""
NATIVE_S = 60.0
"""Deadline in seconds of a tool of the SDK's own that has none."""
NATIVE_BYTES = 262_144

log = structlog.get_logger()


def limited(tool: Tool) -> Tool:
    """The tool with a function that is async whatever it was, ends when it is cancelled, and runs
    `concurrency` times at once at most. To be made once per process.
    """
    blocks = not inspect.iscoroutinefunction(tool.function)
    slots = asyncio.Semaphore(tool.concurrency or (THREADS if blocks else sys.maxsize))
    run: Any = in_thread if blocks else in_task

    @wraps(tool.function)
    async def function(*args: Any, **kwargs: Any) -> Any:
        await slots.acquire()
        value = await run(partial(tool.function, *args, **kwargs), slots.release)
        return await value if inspect.isawaitable(value) else value

    return replace(tool, function=function)


def limited_handler(handler: Handler) -> Handler:
    """The handler with a function that is async whatever it was and ends when it is cancelled. To
    be made once per process.
    """
    blocks = not inspect.iscoroutinefunction(handler.handle)
    slots = asyncio.Semaphore(THREADS if blocks else sys.maxsize)
    run: Any = in_thread if blocks else in_task

    async def handle(context: TurnContext) -> Outcome:
        await slots.acquire()
        outcome = await run(partial(handler.handle, context), slots.release)
        return await outcome if inspect.isawaitable(outcome) else outcome  # type: ignore[no-any-return]  # the chain looks at what it is

    return replace(handler, handle=handle)


def limited_native(tool: FunctionTool, plugin: str) -> FunctionTool:
    """A tool of the SDK's own that ends in time, cannot end the process and returns no more than a
    tool of ours may; all else about it stays.
    """
    deadline_s = tool.timeout_seconds or NATIVE_S

    async def invoke(context: ToolContext[Any], arguments: str) -> Any:
        try:
            result = await _bounded(partial(tool.on_invoke_tool, context, arguments), deadline_s)
        except Failed as failed:
            log.warning(
                "tool.failed", tool=tool.name, plugin=plugin, error=failed.error, at=failed.at
            )
            return f"The tool {tool.name} failed: {failed.what}."
        if isinstance(result, str) and len(result.encode(errors="replace")) > NATIVE_BYTES:
            log.warning("tool.failed", tool=tool.name, plugin=plugin, error="ResultTooLong")
            return f"The tool {tool.name} failed: its result is too long."
        return result

    bounded = copy(tool)
    bounded.on_invoke_tool = invoke
    return bounded


async def _bounded(work: Callable[[], Awaitable[Any]], deadline_s: float) -> Any:
    """The result; what the tool raises by intention goes on as it is.

    Raises:
        Failed: it was too slow, or wanted to end the process.
    """
    try:
        return await attempt(in_task(work), deadline_s)
    except Failed as failed:
        error = failed.__cause__
        if isinstance(error, Exception) and not isinstance(error, TimeoutError):
            raise error from None
        raise
