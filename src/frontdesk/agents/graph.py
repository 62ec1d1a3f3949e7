"""The SDK's agents, made from the specialists' data: who hands over to whom, with which tools."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from importlib.resources import files

from agents import Agent, FunctionTool, Handoff, HandoffInputData, ModelSettings, Tool, handoff
from agents.items import HandoffCallItem, HandoffOutputItem, ReasoningItem, RunItem
from agents.run_context import RunContextWrapper
from agents.tool_context import ToolContext

from frontdesk.agents.call_settings import call_settings
from frontdesk.agents.client_tools import offered
from frontdesk.agents.tripwires import after_the_model, before_the_model
from frontdesk.agents.wire import known_items
from frontdesk.agents.wishes import wished
from frontdesk.config import Settings
from frontdesk.contract.context import TurnContext
from frontdesk.contract.errors import PluginError
from frontdesk.contract.messages import Message, Wishes
from frontdesk.contract.parts import Specialist, Tier
from frontdesk.sessions.previews import READ_RESULT

RELEASE = "release"
ASIDE = "aside"
MAX_HOPS = 2


@dataclass(frozen=True, slots=True)
class Graph:
    """Triage, its specialists, their tools; the model of each tier, and how each model by its name
    is asked, by the settings of the `deployment`. Only triage hands over; a specialist gives the
    session back with `release`.

    Each run gets agents of its own: the SDK compares all runs in flight of one agent object.
    """

    triage: Specialist
    specialists: Mapping[str, Specialist]
    tools: Mapping[str, Tool]
    models: Mapping[Tier, str]
    settings: Mapping[str, ModelSettings]
    deployment: Settings
    client_tools: tuple[Tool, ...] = ()

    @property
    def names(self) -> frozenset[str]:
        """What the models know tools and handoffs by."""
        return frozenset((RELEASE, *self.tools, *(each.tool_name for each in self._handoffs())))

    def of(self, message: Message) -> "Graph":
        """The graph for the turn of a message: with the client's tools and wishes, and without
        those tools of ours that nobody could approve.
        """
        if message.attended and message.wishes == Wishes():
            return self
        wishes = partial(wished, message=message, settings=self.deployment)
        settings = {model: wishes(call, model) for model, call in self.settings.items()}
        tools = {n: tool for n, tool in self.tools.items() if message.attended or not _asks(tool)}
        theirs = message.client_tools if message.wishes.tool_choice != "none" else ()
        return replace(self, tools=tools, settings=settings, client_tools=tuple(offered(theirs)))

    def aside(self) -> Agent[TurnContext]:
        """The agent that does what a chat client asks for itself: the cheapest, with no tool of
        ours.
        """
        prompt = (files(__package__) / "prompts" / "aside.md").read_text(encoding="utf-8")
        return self._agent(Specialist(ASIDE, "", prompt, tier="cheap"), [], [])

    def start(self, name: str | None) -> Agent[TurnContext]:
        """The agent that begins a run: this specialist, or triage where there is none."""
        specialist = self.specialists.get(name or "")
        return self._specialist(specialist) if specialist else self._triage()

    def asked(self, specialist: Specialist) -> Agent[TurnContext]:
        """The specialist as it answers other agents: it neither hands over nor holds a session."""
        return self._agent(specialist, self._tools(specialist), [])

    def budget(self, name: str | None) -> int | None:
        """How many tokens of the window the agent that begins a run sees; None is all."""
        return self.specialists.get(name or "", self.triage).context_tokens

    def check(self) -> None:
        """Finds what would make runs fail.

        Raises:
            PluginError: a specialist names a tool that does not exist, or two share a name.
        """
        for each in (self.triage, *self.specialists.values()):
            missing = set(each.tools or ()) - set(self.tools)
            if missing:
                raise PluginError(
                    f"The specialist {each.name} names the tool {min(missing)}, which no plugin "
                    "brings. Correct its `tools`."
                )
        refuse_double(RELEASE, *self.tools, *(each.tool_name for each in self._handoffs()))

    def _triage(self) -> Agent[TurnContext]:
        return self._agent(self.triage, self._tools(self.triage), self._handoffs())

    def _handoffs(self) -> list[Handoff[TurnContext, Agent[TurnContext]]]:
        return [
            handoff(self._specialist(each), is_enabled=_may_hop, input_filter=self._sight(each))
            for each in self.specialists.values()
        ]

    def _sight(self, specialist: Specialist) -> Callable[[HandoffInputData], HandoffInputData]:
        """What the specialist is handed: as much of the window as its own budget lets it see."""
        before, after = self.triage.context_tokens, specialist.context_tokens

        def see(data: HandoffInputData) -> HandoffInputData:
            data, run = without_plumbing(data), data.run_context
            if before == after or run is None or isinstance(data.input_history, str):
                return data
            new = data.input_history[len(known_items(run.context, before)) :]
            return data.clone(input_history=(*known_items(run.context, after), *new))

        return see

    def _specialist(self, specialist: Specialist) -> Agent[TurnContext]:
        return self._agent(specialist, [*self._tools(specialist), release_tool()], [])

    def _tools(self, specialist: Specialist) -> list[Tool]:
        names: Iterable[str] = self.tools if specialist.tools is None else specialist.tools
        names = [name for name in names if name in self.tools and name != specialist.tool_name]
        read_on = READ_RESULT in self.tools and names and READ_RESULT not in names
        return [self.tools[name] for name in (*names, *((READ_RESULT,) if read_on else ()))]

    def _agent(
        self,
        specialist: Specialist,
        tools: list[Tool],
        handoffs: list[Handoff[TurnContext, Agent[TurnContext]]],
    ) -> Agent[TurnContext]:
        model = specialist.model or self.models[specialist.tier]
        return Agent(
            name=specialist.name,
            handoff_description=specialist.description,
            instructions=specialist.prompt,
            model=model,
            model_settings=self.settings[model],
            tools=[*tools, *self.client_tools],
            handoffs=[*handoffs],
            input_guardrails=[before_the_model(each) for each in specialist.input_guardrails],
            output_guardrails=[after_the_model(each) for each in specialist.output_guardrails],
        )


def graph_of(
    triage: Specialist,
    specialists: Iterable[Specialist],
    tools: Mapping[str, Tool],
    settings: Settings,
) -> Graph:
    """The agents with their models: those of the deployment, or an agent's own."""
    known = {each.name: each for each in specialists}
    models: dict[Tier, str] = {
        "cheap": settings.triage_model,
        "expensive": settings.specialist_model,
    }
    own = [each.model for each in (triage, *known.values()) if each.model]
    asked = {name: call_settings(settings, name) for name in (*models.values(), *own)}
    return Graph(triage, known, tools, models, asked, settings)


def release_tool() -> FunctionTool:
    """The tool by which a specialist gives the session back to triage after this turn."""
    return FunctionTool(
        name=RELEASE,
        description=(
            "Gives the conversation back to the front desk from the next message on. Call it when "
            "your subject is settled or the user turns to another one."
        ),
        params_json_schema={
            "type": "object",
            "properties": {},
            "required": [],
            "additionalProperties": False,
        },
        on_invoke_tool=_release,
    )


async def _release(context: ToolContext[TurnContext], _arguments: str) -> str:
    context.context.ledger.released = True
    return "Done. Now answer this message as far as you can."


def without_plumbing(data: HandoffInputData) -> HandoffInputData:
    """What a specialist sees: the conversation, and what triage said and looked up, but not how it
    was handed over nor another model's reasoning.
    """
    gone = {
        call_id
        for item in (*data.pre_handoff_items, *data.new_items)
        if isinstance(item, HandoffCallItem) and (call_id := item.raw_item.call_id)
    }
    return data.clone(
        pre_handoff_items=tuple(_kept(data.pre_handoff_items, gone)),
        input_items=tuple(_kept(data.new_items, gone)),
    )


def _kept(items: Iterable[RunItem], gone: set[str]) -> Iterable[RunItem]:
    for item in items:
        if isinstance(item, (HandoffCallItem, HandoffOutputItem, ReasoningItem)):
            continue
        raw = item.raw_item
        call_id = raw.get("call_id") if isinstance(raw, Mapping) else None
        if call_id not in gone:
            yield item


def _asks(tool: Tool) -> bool:
    return isinstance(tool, FunctionTool) and bool(tool.needs_approval)


def _may_hop(context: RunContextWrapper[TurnContext], _agent: object) -> bool:
    return context.context.ledger.hops < MAX_HOPS


def refuse_double(*names: str) -> None:
    """Raises PluginError when a name stands there twice: the SDK would silently drop one."""
    for name in names:
        if names.count(name) > 1:
            raise PluginError(
                f"Two agents or tools are known to the models as {name}. Rename one of them."
            )
