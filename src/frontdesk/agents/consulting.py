"""Specialists as tools: another agent asks one and keeps the conversation.

They come in through the door of all tools, so a deadline, the guardrails' word about the result,
the rules of who may use it and the receipt hold for them as for any other. One that is asked cannot
ask others, so questions never go in circles.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from agents import ModelProvider
from agents import Tool as SdkTool

from frontdesk.agents.asides import run_aside
from frontdesk.agents.graph import Graph, graph_of
from frontdesk.config import Settings
from frontdesk.contract.context import TurnContext
from frontdesk.contract.parts import Specialist
from frontdesk.contract.tools import Tool

UNANSWERED = "It came to no answer. Hand the conversation over to it, or go on without."


@dataclass(frozen=True, slots=True)
class Consultation:
    """One specialist that other agents may ask."""

    specialist: Specialist
    graph: Graph
    models: ModelProvider
    settings: Settings
    foreign: Collection[str]

    def tool(self) -> Tool:
        """The tool by which it is asked."""

        async def ask(context: TurnContext, question: str) -> str:
            agent = self.graph.asked(self.specialist)
            how = (self.models, self.settings, self.foreign)
            return await run_aside(agent, question, context, *how) or UNANSWERED

        specialist = self.specialist
        ask.__doc__ = (
            f"Asks {specialist.name} and gives its answer back to you. {specialist.description}\n\n"
            "Args:\n    question: All that it has to know: it sees nothing but this.\n"
        )
        return Tool(specialist.tool_name, ask, timeout_s=self.settings.turn_timeout_s)


def consultations(
    specialists: Iterable[Specialist],
    tools: Mapping[str, SdkTool],
    models: ModelProvider,
    settings: Settings,
    foreign: Collection[str] = (),
) -> tuple[Tool, ...]:
    """A tool for each specialist that others may ask; asked, it has these `tools` of its own."""
    return tuple(
        Consultation(
            each, graph_of(each, (), tools, settings), models, settings, frozenset(foreign)
        ).tool()
        for each in specialists
        if each.as_tool
    )
