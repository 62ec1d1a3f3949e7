"""Guardrails of the SDK on a desk's agents: as they are, only sooner, and failing closed."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest
from agents import (
    Agent,
    GuardrailFunctionOutput,
    RunContextWrapper,
    ToolGuardrailFunctionOutput,
    ToolInputGuardrailData,
    function_tool,
    input_guardrail,
    output_guardrail,
    tool_input_guardrail,
)
from structlog.testing import capture_logs

from frontdesk.assembly import open_desk
from frontdesk.config import Settings
from frontdesk.contract.context import TurnContext
from frontdesk.contract.events import GuardrailTriggered, TextDelta
from frontdesk.contract.guardrails import SORRY, Policy
from frontdesk.contract.parts import Parts, PluginPlace, Specialist
from frontdesk.contract.turns import GuardrailNote
from frontdesk.desk import Desk
from frontdesk.testing import FakeOpenAI, Visitor

Context = RunContextWrapper[TurnContext]


@input_guardrail
async def no_homework(context: Context, agent: Agent[Any], said: Any) -> GuardrailFunctionOutput:
    return GuardrailFunctionOutput(None, "homework" in context.context.text)


@input_guardrail
def broken(context: Context, agent: Agent[Any], said: Any) -> GuardrailFunctionOutput:
    raise ValueError(context.context.text)


@output_guardrail
async def no_end(context: Context, agent: Agent[Any], answer: Any) -> GuardrailFunctionOutput:
    return GuardrailFunctionOutput(None, "word30" in answer)


@tool_input_guardrail
def never(data: ToolInputGuardrailData) -> ToolGuardrailFunctionOutput:
    return ToolGuardrailFunctionOutput.raise_exception()


@function_tool(tool_input_guardrails=[never])
def launch() -> str:
    """Launches it."""
    raise AssertionError("it was called")


def opened(settings: Settings, **guardrails: Any) -> AbstractAsyncContextManager[Desk]:
    """A desk whose triage has these guardrails, and under whose policy nothing else is found."""

    @asynccontextmanager
    async def plugin(place: PluginPlace) -> AsyncIterator[Parts]:
        front = Specialist("triage", "First.", "Answer.", tier="cheap", **guardrails)
        yield Parts(tools=(launch,), triage=front)

    return open_desk(settings, plugins={"mine": plugin}, policy=Policy(default="allow"))


async def test_an_input_tripwire_blocks_the_turn_before_any_model_call(
    settings: Settings, upstream: FakeOpenAI
) -> None:
    async with opened(settings, input_guardrails=(no_homework,)) as desk:
        ann = Visitor(desk, "ann")
        result = await ann.ask("do my homework heron-7731")
        assert (result.status, result.answer) == ("blocked", SORRY["en"]["default"])
        assert result.guardrail == GuardrailNote("input", "no_homework", "tripwire", "block")
        assert upstream.calls == 0

        await ann.ask("then say hello")
        assert "heron-7731" not in str(upstream.requests[-1].body)


async def test_a_guardrail_of_the_sdk_that_fails_lets_nothing_pass(
    settings: Settings, upstream: FakeOpenAI
) -> None:
    async with opened(settings, input_guardrails=(broken,)) as desk:
        with capture_logs() as logs:
            result = await Visitor(desk, "ann").ask("hello heron-7731")
        assert result.error is not None
        assert (result.error.code, upstream.calls) == ("guardrail_unavailable", 0)
        assert "guardrail.failed" in {entry["event"] for entry in logs}
        assert "heron-7731" not in str(logs)


@pytest.mark.parametrize("stream", [True, False])
async def test_of_an_answer_that_trips_an_output_guardrail_nothing_leaves(
    settings: Settings, stream: bool
) -> None:
    async with opened(settings, output_guardrails=(no_end,)) as desk:
        events = await Visitor(desk, "ann").events("[long:30]", stream=stream)
    assert not [event for event in events if isinstance(event, TextDelta)]
    assert GuardrailNote("output", "no_end", "tripwire", "block") in [
        event.guardrail for event in events if isinstance(event, GuardrailTriggered)
    ]


async def test_an_innocent_answer_passes_the_output_guardrail_whole(settings: Settings) -> None:
    async with opened(settings, output_guardrails=(no_end,)) as desk:
        result = await Visitor(desk, "ann").ask("[long:20]", stream=True)
    assert (result.status, "word20" in result.answer) == ("completed", True)


async def test_a_tool_guardrail_of_the_sdk_blocks_the_turn(settings: Settings) -> None:
    async with opened(settings) as desk:
        result = await Visitor(desk, "ann").ask("[tool:launch] now")
    assert result.guardrail == GuardrailNote("tool", "never", "tripwire", "block")
