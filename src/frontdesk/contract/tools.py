"""Tools as plugins write them: a typed function and what a server needs to know about it."""

import inspect
import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias, TypedDict, Unpack, overload

from frontdesk.contract.context import TurnContext
from frontdesk.contract.errors import PluginError

ToolFunction: TypeAlias = Callable[..., Any]
"""An async function; or one that blocks, which then runs in a thread."""

NeedsApproval: TypeAlias = bool | Callable[[TurnContext, dict[str, Any]], Awaitable[bool]]
"""Whether a call needs a person's approval: always, never, or by the turn and the arguments."""

TOOL_SCOPE = re.compile(r"tool:[a-z0-9_-]{1,59}")
"""The scopes of API keys that tools may ask for."""


@dataclass(frozen=True, slots=True)
class First:
    """The messages that a tool answers by itself, before any model.

    `pattern` is a regular expression searched in the normalised message; its named groups are the
    tool's arguments. `answer` makes the result into the answer; when it returns None, or is not
    given, the result goes to the model as a fact beside the message. A message in which the pattern
    finds two different sets of arguments is left to the model.
    """

    pattern: str
    answer: Callable[[Any], str | None] | None = None


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool: the function's docstring and types are what the model reads. Made by `tool`.

    - `first`: the messages that it answers before any model.
    - `timeout_s`: its deadline in seconds. An async function is cancelled; the thread of a blocking
      one is left alone, and counts as running until it ends.
    - `side_effect`: it changes something in the world.
    - `needs_approval`: a call waits for a person; where the tool answers by itself, it fails.
    - `needs_values`: it is called with the values for which a message's placeholders stand
      (`[EMAIL_1]`); the others get the placeholders.
    - `scopes`: a caller whose API key lacks one of them (`tool:<name>`) does not see the tool.
    - `max_result_bytes`: a longer result, in bytes of UTF-8, is an error.
    - `concurrency`: calls that run at the same time in one process; the others wait, within their
      deadline. None: as many as come, or 8 where the function blocks.
    - `plugin`: who brings it, in words; written by the loader.
    """

    name: str
    function: ToolFunction
    first: First | None = None
    timeout_s: float = 10.0
    side_effect: bool = False
    needs_approval: NeedsApproval = False
    needs_values: bool = False
    scopes: frozenset[str] = frozenset()
    max_result_bytes: int = 262_144
    concurrency: int | None = None
    plugin: str = ""


class ToolOptions(TypedDict, total=False):
    """What may stand in `@tool(...)`: the fields of `Tool`."""

    name: str
    first: First | None
    timeout_s: float
    side_effect: bool
    needs_approval: NeedsApproval
    needs_values: bool
    scopes: Iterable[str]
    max_result_bytes: int
    concurrency: int | None


@overload
def tool(function: ToolFunction, /) -> Tool: ...
@overload
def tool(**options: Unpack[ToolOptions]) -> Callable[[ToolFunction], Tool]: ...
def tool(
    function: ToolFunction | None = None, /, **options: Unpack[ToolOptions]
) -> Tool | Callable[[ToolFunction], Tool]:
    """Makes a function a tool; it may take the `TurnContext` as its first parameter.

    Raises:
        PluginError: it is no function that returns once, it has no docstring, or an option cannot
        be true.
    """

    def made(target: ToolFunction) -> Tool:
        given: dict[str, Any] = {**options, "function": target}
        given["name"] = options.get("name") or target.__name__
        wanted = Tool(**{**given, "scopes": frozenset(options.get("scopes", ()))})
        _check(wanted)
        return wanted

    return made(function) if function else made


def _check(wanted: Tool) -> None:
    name, function = wanted.name, wanted.function
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise PluginError(f"The tool {name} must return its result: it has a `yield`.")
    if not function.__doc__:
        raise PluginError(f"The tool {name} needs a docstring: it tells the model what it is for.")
    for scope in wanted.scopes:
        if not TOOL_SCOPE.fullmatch(scope):
            raise PluginError(
                f"The tool {name} asks for the scope {scope!r}: such a scope is `tool:` and a name "
                "of a-z, 0-9, _ and -."
            )
    limits = (wanted.timeout_s, wanted.max_result_bytes, wanted.concurrency or 1)
    if min(limits) <= 0 or wanted.concurrency == 0:
        raise PluginError(
            f"timeout_s, max_result_bytes and concurrency of the tool {name} must be above 0."
        )
