"""Tools before a model: their schema, their calls, and which functions are refused."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from agents import (
    Agent,
    FunctionTool,
    RunConfig,
    RunContextWrapper,
    Runner,
    UserError,
    function_tool,
)
from agents.testing import ScriptedModel, assistant_message, function_call
from structlog.testing import capture_logs
from tests.tool_calls import as_is, broken, marked, turn

from frontdesk.contract.context import TurnContext
from frontdesk.contract.errors import GuardrailUnavailable, PluginError
from frontdesk.contract.tools import Tool, tool
from frontdesk.contract.turns import ToolUse
from frontdesk.tools.binding import bind, bind_all, examine


@tool
async def weather(context: TurnContext, city: str, days: int = 1, *more: str) -> dict[str, Any]:
    """The weather of a city.

    Args:
        city: Name of the city.
        days: How many days ahead.
    """
    return {"city": city, "days": days, "more": more, "for": context.user}


def test_the_schema_is_the_sdks_without_the_context() -> None:
    bound = bind(weather, as_is)
    properties = bound.params_json_schema["properties"]

    assert (bound.name, bound.description) == ("weather", "The weather of a city.")
    assert list(properties) == ["city", "days", "more"]
    assert properties["city"]["description"] == "Name of the city."
    assert bound.strict_json_schema


async def run(bound: FunctionTool, arguments: str, context: TurnContext) -> str:
    """What the model is shown after it called the tool."""
    model = ScriptedModel(
        [[function_call(bound.name, arguments, call_id="c1")], [assistant_message("done")]]
    )
    agent = Agent[TurnContext]("a", model=model, tools=[bound])
    config = RunConfig(tracing_disabled=True)
    result = await Runner.run(agent, "go", context=context, run_config=config)
    return str(result.to_input_list()[2]["output"])  # type: ignore[typeddict-item]  # the call's output


async def test_a_model_calls_the_tool_with_its_arguments_and_the_turn() -> None:
    context = turn(user="bob")
    output = await run(bind(weather, marked), '{"city":"서울","days":2,"more":["x"]}', context)

    assert output == '<{"city":"서울","days":2,"more":["x"],"for":"bob"}>'
    assert [use.name for use in context.ledger.tools] == ["weather"]


async def test_arguments_that_do_not_fit_are_answered_without_a_call() -> None:
    context = turn(user="bob")
    output = await run(bind(weather, as_is), '{"city":"x","days":"many"}', context)

    assert output == "The tool weather was not called: the arguments do not fit its parameters."
    assert context.ledger.tools == [ToolUse("weather", 0.0, False)]


async def test_a_check_that_is_down_ends_the_run() -> None:
    with pytest.raises(UserError) as caught:
        await run(bind(weather, broken), '{"city":"x","days":1,"more":[]}', turn(user="bob"))

    assert isinstance(caught.value.__cause__, GuardrailUnavailable)


def test_types_that_cannot_be_strict_are_bound_loosely_and_announced() -> None:
    @tool
    async def search(query: dict[str, Any], **filters: str) -> str:
        """Searches."""
        return str(query)

    with capture_logs() as logs:
        bound = bind(search, as_is)

    assert not bound.strict_json_schema
    assert [(each["event"], each["tool"]) for each in logs] == [("tool.not_strict", "search")]


async def plain() -> str:
    """Nothing wrong with it."""
    return "x"


async def untyped(city) -> str:  # type: ignore[no-untyped-def]  # what the test is about
    """No type."""
    return str(city)


async def unresolved(city: "Nowhere") -> str:  # type: ignore[name-defined]  # noqa: F821 - on purpose
    """A type that is not there."""
    return str(city)


async def late_context(city: str, context: TurnContext) -> str:
    """The context in the wrong place."""
    return f"{city} {context.user}"


async def sdk_context(run: RunContextWrapper[TurnContext], city: str) -> str:
    """The SDK's context."""
    return f"{city} {run.context.user}"


async def pairs(*each: tuple[int, int]) -> str:
    """Arguments that the SDK cannot describe."""
    return str(each)


async def opaque(city: Callable[[], Awaitable[None]], lock: asyncio.Lock) -> str:
    """A type without a schema."""
    return f"{city} {lock}"


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (Tool("untyped", untyped), "parameter city of the tool untyped needs a type"),
        (Tool("unresolved", unresolved), "unresolved cannot be resolved"),
        (Tool("late", late_context), "it must be the TurnContext: context is not"),
        (Tool("sdk", sdk_context), "it must be the TurnContext: run is not"),
        (Tool("pairs", pairs), "No schema can be made of the tool pairs"),
        (Tool("opaque", opaque), "No schema can be made of the tool opaque"),
        (Tool("two words", plain), "tool name two words"),
    ],
)
def test_a_function_that_no_model_could_call_is_refused(made: Tool, reason: str) -> None:
    for look in (lambda: bind(made, as_is), lambda: examine(made)):
        with pytest.raises(PluginError, match=reason):
            look()


def test_a_tool_of_the_sdk_keeps_its_name_and_its_schema() -> None:
    @function_tool
    def native(city: str) -> str:
        """Native."""
        return city

    bound = bind_all([native, weather], as_is)

    assert list(bound) == ["native", "weather"]
    assert isinstance(bound["native"], FunctionTool)
    assert bound["native"].params_json_schema == native.params_json_schema


def test_two_tools_of_one_name_are_refused() -> None:
    with pytest.raises(PluginError, match="named weather"):
        bind_all([weather, weather], as_is)
