"""Specialists as tools: another agent asks one and keeps the conversation.

They come in through the door of all tools, so a deadline, the guardrails' word about the result,
the rules of who may use it and the receipt hold for them as for any other. One that is asked cannot
ask others, so questions never go in circles.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from agents import MaxTurnsExceeded, ModelProvider, Runner
from agents import Tool as SdkTool

from frontdesk.agents.call_settings import run_settings
from frontdesk.agents.failures import failure
from frontdesk.agents.graph import Graph, graph_of
from frontdesk.agents.notes import Notes
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
            return await self._answer(context, question)

        specialist = self.specialist
        ask.__doc__ = (
            f"Asks {specialist.name} and gives its answer back to you. {specialist.description}\n\n"
            "Args:\n    question: All that it has to know: it sees nothing but this.\n"
        )
        return Tool(specialist.tool_name, ask, timeout_s=self.settings.turn_timeout_s)

    async def _answer(self, context: TurnContext, question: str) -> str:
        """What the specialist says, unchecked; its calls are in the turn's ledger.

        Raises:
            FrontdeskError: what the models' server, or a part of ours, did not allow.
            Blocked: one of its own guardrails tripped.
        """
        with context.ledger.aside(self.specialist.name) as ledger:
            notes = Notes(ledger, context.spend, self.foreign)
            left = self.settings.max_model_calls - len(context.ledger.calls)
            own = replace(context, ledger=ledger)
            try:
                result = await Runner.run(
                    self.graph.asked(self.specialist),
                    question,
                    context=own,
                    max_turns=max(1, left),
                    hooks=notes,
                    run_config=run_settings(own, self.models, self.settings),
                )
            except MaxTurnsExceeded:
                return UNANSWERED
            except Exception as error:
                known = failure(error)
                if known is None:
                    raise
                raise known from None
            finally:
                await notes.settle_cut()
        return str(result.final_output or UNANSWERED)


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
