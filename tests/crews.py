"""Crews whose model follows a script, and what is heard of their runs."""

from contextlib import aclosing
from typing import Any

from agents import Model, ModelProvider, Tool, function_tool
from agents.items import TResponseOutputItem
from agents.testing import ScriptedModel, assistant_message, function_call

from frontdesk.agents.crew import Crew
from frontdesk.agents.specialist import specialist
from frontdesk.agents.triage import triage
from frontdesk.budget import Spend, Unlimited
from frontdesk.config import Settings
from frontdesk.contract.context import TurnContext
from frontdesk.contract.events import Happening
from frontdesk.contract.messages import Caller, Message
from frontdesk.contract.parts import Specialist

TO_SPECIALIST = "transfer_to_specialist"


class Scripted(ModelProvider):
    """Gives one scripted model for every name."""

    def __init__(self, model: Model) -> None:
        self.model = model

    def get_model(self, model_name: str | None) -> Model:
        return self.model


@function_tool
async def clock() -> str:
    """Tells the time."""
    return "noon"


def say(words: str) -> TResponseOutputItem:
    return assistant_message(words)


def use(tool: str, call_id: str = "call_1") -> TResponseOutputItem:
    return function_call(tool, {}, call_id=call_id)


def crew_of(
    model: ScriptedModel,
    *tools: Tool,
    experts: tuple[Specialist, ...] | None = None,
    **settings: Any,
) -> Crew:
    """Triage and its experts, the usual specialist unless told, with the clock unless told."""
    chosen = Settings(_env_file=None, openai_base_url="http://127.0.0.1:9/v1", **settings)
    known = {tool.name: tool for tool in tools or (clock,)}
    return Crew(
        triage(), (specialist(),) if experts is None else experts, known, Scripted(model), chosen
    )


def context_of(*, stream: bool = True, **values: Any) -> TurnContext:
    message = Message("turn_1", Caller("acme", "ann"), "Hello", stream=stream)
    return TurnContext(message, "Hello", "session_1", **values)


async def heard(
    crew: Crew,
    context: TurnContext,
    *,
    facts: tuple[str, ...] = (),
    agent: str | None = None,
    spend: Spend | None = None,
) -> list[Happening]:
    run = crew.run(context, facts=facts, agent=agent, spend=spend or Unlimited())
    async with aclosing(run) as events:
        return [event async for event in events]


def kinds(events: list[Happening]) -> list[str]:
    return [event.kind for event in events]
