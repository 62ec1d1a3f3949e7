"""The demo model: an SDK model that is no AI. Rules choose among what it is really offered."""

from collections.abc import AsyncIterator
from typing import Any

from agents import FunctionTool, Handoff, Model, ModelProvider, ModelResponse, Tool
from agents.items import TResponseInputItem, TResponseStreamEvent
from agents.usage import Usage

from frontdesk.demo.conversation import read
from frontdesk.demo.rules import NOTICE, Offer, decide
from frontdesk.demo.speech import Spoken, spoken, usage_of
from frontdesk.demo.stream import stream

__all__ = ["NOTICE", "DemoModel", "DemoModels"]


class DemoModel(Model):
    """Answers by keyword rules; `word_s` is the pause in seconds before each streamed word."""

    def __init__(self, name: str = "demo", word_s: float = 0.0) -> None:
        self._name, self._word_s = name, word_s

    async def get_response(
        self,
        system_instructions: str | None,
        input: str | list[TResponseInputItem],
        model_settings: Any,
        tools: list[Tool],
        output_schema: Any,
        handoffs: list[Handoff],
        tracing: Any,
        **_: Any,
    ) -> ModelResponse:
        """The answer at once."""
        item, usage = _answer(system_instructions, input, tools, handoffs)
        return ModelResponse(output=[item], usage=usage, response_id=None)

    async def stream_response(
        self,
        system_instructions: str | None,
        input: str | list[TResponseInputItem],
        model_settings: Any,
        tools: list[Tool],
        output_schema: Any,
        handoffs: list[Handoff],
        tracing: Any,
        **_: Any,
    ) -> AsyncIterator[TResponseStreamEvent]:
        """The answer word by word."""
        item, usage = _answer(system_instructions, input, tools, handoffs)
        async for event in stream(item, usage, self._name, self._word_s):
            yield event


class DemoModels(ModelProvider):
    """Gives the demo model for every name."""

    def __init__(self, word_s: float = 0.0) -> None:
        self._word_s = word_s

    def get_model(self, model_name: str | None) -> Model:
        """The demo model, under this name."""
        return DemoModel(model_name or "demo", self._word_s)


def _answer(
    instructions: str | None,
    given: str | list[TResponseInputItem],
    tools: list[Tool],
    handoffs: list[Handoff],
) -> tuple[Spoken, Usage]:
    talk = read(instructions, given)
    decision = decide(talk, [*_tools(tools)], [*_handoffs(handoffs)])
    return spoken(decision), usage_of(talk.size, decision)


def _tools(tools: list[Tool]) -> list[Offer]:
    return [
        Offer(each.name, f"{each.name} {each.description}", each.params_json_schema)
        for each in tools
        if isinstance(each, FunctionTool)
    ]


def _handoffs(handoffs: list[Handoff]) -> list[Offer]:
    # The SDK begins each description with the same sentence, which says nothing of the agent.
    return [
        Offer(each.tool_name, f"{each.agent_name} {each.tool_description.partition('. ')[2]}", {})
        for each in handoffs
    ]
