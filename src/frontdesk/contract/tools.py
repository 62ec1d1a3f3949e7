"""Tools as plugins write them: a typed function and what a server needs to know about it."""

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, overload

from frontdesk.contract.errors import PluginError

ToolFunction = Callable[..., Awaitable[Any]]


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

    `timeout_s` is its deadline in seconds; `side_effect` says that it changes something in the
    world. A message that holds personal data is redacted for the models, `[EMAIL_1]`; with
    `needs_values` the tool is called with the values themselves.
    """

    name: str
    function: ToolFunction
    first: First | None = None
    timeout_s: float = 10.0
    side_effect: bool = False
    needs_values: bool = False


@overload
def tool(function: ToolFunction, /) -> Tool: ...
@overload
def tool(
    *,
    name: str = "",
    first: First | None = None,
    timeout_s: float = 10.0,
    side_effect: bool = False,
    needs_values: bool = False,
) -> Callable[[ToolFunction], Tool]: ...
def tool(
    function: ToolFunction | None = None,
    /,
    *,
    name: str = "",
    first: First | None = None,
    timeout_s: float = 10.0,
    side_effect: bool = False,
    needs_values: bool = False,
) -> Tool | Callable[[ToolFunction], Tool]:
    """Makes an async function a tool; it may take the `TurnContext` as its first parameter.

    Raises:
        PluginError: the function is not async or has no docstring.
    """

    def made(target: ToolFunction) -> Tool:
        _check(target)
        known = (first, timeout_s, side_effect, needs_values)
        return Tool(name or target.__name__, target, *known)

    return made(function) if function else made


def _check(function: ToolFunction) -> None:
    if not inspect.iscoroutinefunction(function):
        raise PluginError(
            f"The tool {function.__name__} must be an async function: write `async def`."
        )
    if not function.__doc__:
        raise PluginError(
            f"The tool {function.__name__} needs a docstring: it tells the model what it is for."
        )
