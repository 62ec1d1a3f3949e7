"""The crew: triage and the specialists, and one run of them for a turn."""

from collections.abc import AsyncGenerator, Collection, Iterable, Mapping
from contextlib import aclosing
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import Protocol

from agents import (
    Agent,
    ModelSettings,
    RunErrorHandlers,
    Runner,
    Tool,
    TResponseInputItem,
)
from agents.exceptions import ModelRefusalError
from agents.run_error_handlers import RunErrorHandlerInput

from frontdesk.agents.call_settings import call_settings, run_settings
from frontdesk.agents.client_tools import check_tools
from frontdesk.agents.condensing import Condenser
from frontdesk.agents.course import Course, State
from frontdesk.agents.graph import graph_of, refuse_double
from frontdesk.agents.models import Models
from frontdesk.agents.narration import Narration
from frontdesk.agents.notes import Notes
from frontdesk.agents.pausing import resumed
from frontdesk.agents.prices import price
from frontdesk.agents.remembering import Remembering
from frontdesk.agents.telling import told
from frontdesk.agents.topic import topic_guardrail
from frontdesk.agents.unstreamed import Unstreamed
from frontdesk.agents.wire import turn_input
from frontdesk.agents.wishes import check_wishes
from frontdesk.budget import Spend
from frontdesk.config import Settings
from frontdesk.contract.context import Ledger, ModelCall, TurnContext
from frontdesk.contract.errors import ContextOverflow, InvalidRequest, NotFound
from frontdesk.contract.events import Happening
from frontdesk.contract.messages import Message
from frontdesk.contract.parts import Specialist
from frontdesk.contract.turns import Rung, TurnRecord
from frontdesk.sessions.brought import read_items, read_outputs, within
from frontdesk.sessions.pending import Decided
from frontdesk.sessions.window import lowered, narrowed
from frontdesk.tools.catalogue import NOTHING_LISTED, Catalogue


class Held(Protocol):
    """A session at the start of a turn: who holds it, and for how many follow-ups already."""

    @property
    def agent(self) -> str | None:
        """The agent by name; None is triage."""

    @property
    def agent_turns(self) -> int:
        """The turns that this agent has answered before, the one in which it took over included."""


class Crew:
    """Runs the agents for one turn at a time of each of many sessions."""

    def __init__(
        self,
        triage: Specialist,
        specialists: Iterable[Specialist],
        tools: Mapping[str, Tool],
        models: Models,
        settings: Settings,
        foreign: Collection[str] = (),
        catalogue: Catalogue = NOTHING_LISTED,
    ) -> None:
        """`foreign` names the SDK's own tools that may change something; `catalogue` is what
        callers read of all this. Raises PluginError when
        a specialist's tools or the names do not fit together.
        """
        cheap = (settings.triage_model, call_settings(settings, settings.triage_model), models)
        triage, *specialists = (_on_topic(each, *cheap) for each in (triage, *specialists))
        refuse_double(triage.name, *(each.name for each in specialists))
        self._graph = graph_of(triage, specialists, tools, settings)
        self._graph.check()
        self._models, self._unstreamed = models, Unstreamed(models)
        self._condenser = Condenser(models, settings)
        self._settings, self._foreign = settings, frozenset(foreign)
        self.catalogue = catalogue

    @property
    def agents(self) -> tuple[Specialist, ...]:
        """All of them, triage first."""
        return (self._graph.triage, *self._graph.specialists.values())

    @property
    def specialist_model(self) -> str:
        """The expensive model."""
        return self._settings.specialist_model

    @property
    def turn_timeout_s(self) -> float:
        """The deadline of one turn in seconds."""
        return self._settings.turn_timeout_s

    def taken(self, message: Message) -> Message:
        """The message with what it brings in the form in which it is stored, the context as far as
        a window goes.

        Raises:
            InvalidRequest: what it brings or wishes has not the shape that it must have, or gives a
                tool the name of one of ours.
            ContextOverflow: the last turn of its context alone is larger than a window.
            NotFound: there is no such agent.
        """
        graph, context = self._graph, message.context
        if not (message.text or context or message.outputs):
            raise InvalidRequest("There is nothing to answer: the message has no text.")
        if message.agent and message.agent not in (graph.triage.name, *graph.specialists):
            raise NotFound("There is no such agent.")
        check_tools(message.client_tools, graph.names if message.client_tools else ())
        check_wishes(message.wishes, [tool.name for tool in message.client_tools])
        if context is not None:
            context = within(read_items(context), self._settings.context_tokens)
        return replace(message, context=context, outputs=read_outputs(message.outputs))

    async def run(
        self, context: TurnContext, *, facts: tuple[str, ...], agent: str | None, spend: Spend
    ) -> AsyncGenerator[Happening, None]:
        """Runs the agents and tells what happens; text is not checked yet. Read it through
        `contextlib.aclosing`: closing it stops the run at once and leaves nothing behind. When the
        window is too long for a model, and nothing was said or done yet, it runs again with half.

        Raises:
            ContextOverflow: the second time was too long, too.
            UpstreamFailed: the model's server failed, one of its kinds.
            TurnLimit: the agents came to no answer within the calls that a turn may make.
            FrontdeskError: what a part of ours raised within the run (budget, guardrails).
            Blocked: a guardrail stopped a tool's result, or one of the SDK tripped.
            Cancelled: it was asked to end after the model call, which was not the last one.
        """
        context = replace(context, spend=spend)
        async with aclosing(self._condenser.condense(context)) as steps:
            async for step in steps:
                yield step
        notes = Notes(context.ledger, spend, self._foreign)
        before = context.agent or self._graph.triage.name
        theirs = {tool.name for tool in context.message.client_tools}
        narration = Narration(context.turn_id, before, notes.uses, theirs)
        ledger, done = context.ledger, len(context.ledger.tools)
        try:
            run = self._start(context, facts, agent, notes)
            async with aclosing(told(run, context, notes, narration)) as happened:
                async for event in happened:
                    yield event
        except ContextOverflow:
            shorter = self._shorter(context)
            if not narration.silent or len(ledger.tools) > done or shorter == context.history:
                raise
        else:
            return
        ledger.overflowed, agent = True, ledger.agent
        context = replace(context, history=shorter)
        run = self._start(context, facts, agent, notes)
        async with aclosing(told(run, context, notes, narration)) as happened:
            async for event in happened:
                yield event

    def _shorter(self, context: TurnContext) -> tuple[TurnRecord, ...]:
        """Half of the window that the agent which speaks was shown."""
        seen = narrowed(context.history, self._graph.budget(context.ledger.agent))
        return lowered(seen, self._settings.context_tokens)

    async def resume(
        self, context: TurnContext, decided: Decided, spend: Spend
    ) -> AsyncGenerator[Happening, None]:
        """Goes on with a run that stopped for approvals, as `run` does; the ledger is the one that
        it had then.

        Raises:
            ToolGone: its agents or tools are not there any more; and what `run` raises.
        """
        agent = self._graph.of(context.message).start(decided.pause.agent)
        state = await resumed(agent, context, decided)
        notes = Notes(context.ledger, spend, self._foreign)
        before = context.ledger.agent or agent.name
        theirs = {tool.name for tool in context.message.client_tools}
        narration = Narration(context.turn_id, before, notes.uses, theirs)
        calls = {each.call_id: each.tool for each in decided.pause.asked}
        narration.go_on(calls, context.ledger.following - 1)
        run = self._begin(agent, state, context, notes)
        async with aclosing(told(run, context, notes, narration)) as happened:
            async for event in happened:
                yield event

    def price(self, call: ModelCall) -> Decimal | None:
        """What a call cost in USD, or None where that is unknown."""
        return price(call)

    def speaker(self, agent: str | None) -> str:
        """Who begins to answer a session of this agent."""
        return agent if agent and agent in self._graph.specialists else self._graph.triage.name

    def rung(self, agent: str | None) -> Rung:
        """The rung of an answer by this agent."""
        return "specialist" if agent in self._graph.specialists else "triage"

    def next_agent(self, held: Held, ledger: Ledger) -> str | None:
        """Who holds the session after this turn; None is triage. After a handoff the specialist
        does, for its `sticky_turns` follow-ups or until it releases the session.
        """
        agent = ledger.agent or held.agent
        specialist = self._graph.specialists.get(agent or "")
        if specialist is None or ledger.released:
            return None
        answered = held.agent_turns if agent == held.agent else 0
        return agent if answered < specialist.sticky_turns else None

    def _start(
        self, context: TurnContext, facts: tuple[str, ...], agent: str | None, notes: Notes
    ) -> Course:
        said = turn_input(context, facts, self._graph.budget(agent))
        graph = self._graph.of(context.message)
        first = graph.aside() if context.message.aside else graph.start(agent)
        return self._begin(first, said, context, notes)

    def _begin(
        self,
        agent: Agent[TurnContext],
        said: "list[TResponseInputItem] | State",
        context: TurnContext,
        notes: Notes,
    ) -> Course:
        handlers: RunErrorHandlers[TurnContext] = {"model_refusal": _refusal}
        models: Models = self._models if context.message.stream else self._unstreamed
        if context.message.background:
            models = Remembering(models, context.rounds)
        begin = partial(
            Runner.run_streamed,
            agent,
            context=context,
            max_turns=self._settings.max_model_calls,
            hooks=notes,
            run_config=run_settings(context, models, self._settings),
            error_handlers=handlers,
        )
        return Course(begin(said), context, begin)


def _on_topic(
    specialist: Specialist, model: str, settings: ModelSettings, models: Models
) -> Specialist:
    if not specialist.topic:
        return specialist
    first = topic_guardrail(specialist.topic, model, settings, models)
    return replace(specialist, input_guardrails=(first, *specialist.input_guardrails))


def _refusal(refused: RunErrorHandlerInput[TurnContext]) -> str:
    """A refusal ends the turn as its answer does: its text has been told already."""
    return refused.error.refusal if isinstance(refused.error, ModelRefusalError) else ""
