"""Offering tools to the models: each becomes a function tool of the SDK that calls it our way."""

import inspect
import re
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog
from agents import FunctionTool, ModelBehaviorError, RunContextWrapper, UserError, function_tool
from pydantic import PydanticUserError

from frontdesk.contract.context import TurnContext
from frontdesk.contract.errors import PluginError
from frontdesk.contract.tools import Tool
from frontdesk.contract.turns import ToolUse
from frontdesk.tools.approvals import needs_approval
from frontdesk.tools.calls import Fit, ResultCheck, call, whole
from frontdesk.tools.fence import Fence, unchecked, unless_tainted
from frontdesk.tools.signatures import ToolSignature, signature_of

if TYPE_CHECKING:
    from agents.tool import Tool as SdkTool

Invoke = Callable[..., Awaitable[str]]
NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")

log = structlog.get_logger()


def bind_all(
    tools: "Iterable[Tool | SdkTool]",
    check: ResultCheck,
    fit: Fit = whole,
    argument: ResultCheck = unchecked,
) -> "dict[str, SdkTool]":
    """All tools by name as the SDK takes them: function tools behind a `Fence`, hosted tools
    without, for they run on the model's server.

    Raises:
        PluginError: two tools have one name, or one cannot be bound.
    """
    bound: dict[str, SdkTool] = {}
    for tool in tools:
        if tool.name in bound:
            raise PluginError(f"Two tools are named {tool.name}. Rename one of them.")
        bound[tool.name] = _fenced(tool, Fence(argument, check, fit))
    return bound


def _fenced(tool: "Tool | SdkTool", fence: Fence) -> "SdkTool":
    if isinstance(tool, FunctionTool):
        return fence.around_foreign(tool)
    if not isinstance(tool, Tool):
        return tool
    bound = fence.around(bind(tool, fence.result, fence.fit), needs_values=tool.needs_values)
    return unless_tainted(bound) if tool.side_effect else bound


def bind(tool: Tool, check: ResultCheck, fit: Fit = whole) -> FunctionTool:
    """The tool as the SDK takes it: strict where its types allow, else announced and not strict.

    Raises:
        PluginError: the SDK can make no schema of the function, or the name is not one for models.
    """
    invoke = _invoker(tool, signature_of(tool), check, fit)
    try:
        return _function_tool(tool, invoke, strict=True)
    except UserError as error:
        log.warning("tool.not_strict", tool=tool.name, cause=str(error))
    return _loose(tool, invoke)


def examine(tool: Tool) -> None:
    """Tries whether the tool can be bound, without saying anything about strictness.

    Raises:
        PluginError: it cannot.
    """
    _loose(tool, _invoker(tool, signature_of(tool), unchecked, whole))


def _loose(tool: Tool, invoke: Invoke) -> FunctionTool:
    try:
        return _function_tool(tool, invoke, strict=False)
    except UserError as error:
        raise PluginError(f"No schema can be made of the tool {tool.name}: {error}") from error


def _function_tool(tool: Tool, invoke: Invoke, *, strict: bool) -> FunctionTool:
    if not NAME.fullmatch(tool.name):
        raise PluginError(
            f"The tool name {tool.name} must be 1 to 64 letters (a-z, A-Z), digits, _ or -."
        )
    misuse = partial(_misuse, tool.name)
    try:
        return function_tool(
            invoke,
            name_override=tool.name,
            strict_mode=strict,
            needs_approval=_asks(tool),
            failure_error_function=misuse,  # type: ignore[arg-type]  # None: the error rises
        )
    except PydanticUserError as error:
        raise PluginError(
            f"No schema can be made of the tool {tool.name}: {error.message}"
        ) from error


def _invoker(tool: Tool, signature: ToolSignature, check: ResultCheck, fit: Fit) -> Invoke:
    """A function that looks to the SDK like the tool's, but takes the SDK's context first."""

    async def invoke(_run: RunContextWrapper[TurnContext], /, *args: Any, **kwargs: Any) -> str:
        arguments = shape.bind(_run, *args, **kwargs).arguments
        del arguments["_run"]
        return (await call(tool, _run.context, arguments, check, fit, asked=True)).text

    first = next(iter(inspect.signature(invoke).parameters.values()))
    shape = inspect.Signature((first, *signature.parameters), return_annotation=str)
    invoke.__doc__ = inspect.getdoc(tool.function)
    invoke.__annotations__ = {each.name: each.annotation for each in shape.parameters.values()}
    invoke.__signature__ = shape  # type: ignore[attr-defined]  # what inspect.signature reads
    return invoke


def _asks(tool: Tool) -> "bool | Callable[..., Awaitable[bool]]":
    if isinstance(tool.needs_approval, bool):
        return tool.needs_approval

    async def asks(
        run: RunContextWrapper[TurnContext], arguments: dict[str, Any], _call_id: str
    ) -> bool:
        return await needs_approval(tool, run.context, arguments)

    return asks


def _misuse(name: str, run: RunContextWrapper[TurnContext], error: Exception) -> str | None:
    """What a model is told whose arguments do not fit; the tool has not been called then."""
    if not isinstance(error, ModelBehaviorError):
        return None
    run.context.ledger.tools.append(ToolUse(name, 0.0, False))
    return f"The tool {name} was not called: the arguments do not fit its parameters."
