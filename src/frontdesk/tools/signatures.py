"""What a tool's function takes: its typed parameters, and whether it wants the turn's context."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_origin, get_type_hints

from agents import RunContextWrapper
from agents.tool_context import ToolContext

from frontdesk.contract.context import TurnContext
from frontdesk.contract.errors import PluginError
from frontdesk.contract.tools import Tool

CONTEXTS = (TurnContext, RunContextWrapper, ToolContext)


@dataclass(frozen=True, slots=True)
class ToolSignature:
    """`context` names the parameter that takes the `TurnContext`; `parameters` are all others, with
    their annotations resolved.
    """

    function: inspect.Signature
    context: str | None
    parameters: tuple[inspect.Parameter, ...]

    def bind(self, context: TurnContext, arguments: Mapping[str, Any]) -> inspect.BoundArguments:
        """The arguments of one call, by the names of the parameters."""
        given = {self.context: context, **arguments} if self.context else dict(arguments)
        return inspect.BoundArguments(self.function, given)


def signature_of(tool: Tool) -> ToolSignature:
    """Reads the function of a tool.

    Raises:
        PluginError: a parameter has no annotation or one that cannot be resolved, or the
        `TurnContext` is not the first parameter.
    """
    function = inspect.signature(tool.function)
    hints = _hints(tool)
    parameters = [_typed(tool, each, hints) for each in function.parameters.values()]
    context = None
    if parameters and parameters[0].annotation is TurnContext:
        context = parameters.pop(0).name
    for each in parameters:
        if (get_origin(each.annotation) or each.annotation) in CONTEXTS:
            raise PluginError(
                f"The tool {tool.name} may take a context as its first parameter only, "
                f"and it must be the TurnContext: {each.name} is not."
            )
    return ToolSignature(function, context, tuple(parameters))


def _hints(tool: Tool) -> dict[str, Any]:
    try:
        return get_type_hints(tool.function, include_extras=True)
    except (NameError, TypeError, SyntaxError) as error:
        raise PluginError(
            f"The annotations of the tool {tool.name} cannot be resolved: {error}. "
            "Import what they name at run time, not only under TYPE_CHECKING."
        ) from error


def _typed(tool: Tool, parameter: inspect.Parameter, hints: Mapping[str, Any]) -> inspect.Parameter:
    if parameter.name not in hints:
        raise PluginError(
            f"The parameter {parameter.name} of the tool {tool.name} needs a type: "
            "it tells the model what to send."
        )
    return parameter.replace(annotation=hints[parameter.name])
