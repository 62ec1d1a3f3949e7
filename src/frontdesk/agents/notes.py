"""The runner's hooks: what a run does is in the turn's ledger at once, whatever follows."""

import time
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from agents import (
    Agent,
    FunctionTool,
    Handoff,
    ModelResponse,
    RawResponsesStreamEvent,
    RunContextWrapper,
    RunHooks,
    StreamEvent,
    Tool,
)
from agents.tool_context import ToolContext
from agents.usage import Usage
from openai.types.responses import (
    ResponseCompletedEvent,
    ResponseRefusalDeltaEvent,
    ResponseTextDeltaEvent,
    ResponseUsage,
)

from frontdesk.agents.graph import RELEASE
from frontdesk.agents.wire import message, messages_of, pair_of, sent_tokens
from frontdesk.budget import Spend
from frontdesk.contract.context import Ledger, ModelCall, TurnContext
from frontdesk.contract.effects import Effect
from frontdesk.contract.errors import Interrupted
from frontdesk.contract.turns import ToolUse
from frontdesk.tools.effects import begun, settled
from frontdesk.tracing.receipts import estimated_tokens


@dataclass(slots=True)
class _OpenCall:
    """A model call that is under way: what was sent, and what has come back so far."""

    agent: str
    model: str
    prompt: str
    sent: list[Any]
    said: list[str] = field(default_factory=list)
    usage: ResponseUsage | None = None

    def cut(self) -> ModelCall:
        """The call as if it ended here: with its exact usage if that came, else by estimate."""
        if usage := self.usage:
            cached = usage.input_tokens_details.cached_tokens
            reasoning = usage.output_tokens_details.reasoning_tokens
            counts = (usage.input_tokens, cached, usage.output_tokens, reasoning)
            return ModelCall(self.agent, self.model, *counts)
        read = estimated_tokens(self.prompt) + sent_tokens(self.sent)
        written = estimated_tokens("".join(self.said))
        return ModelCall(self.agent, self.model, read, 0, written, 0, estimated=True)


class Notes(RunHooks[TurnContext]):
    """Writes model calls, agents, hops and completed items into the ledger and asks the budget.

    The n-th message among the items is the output message number n of the events. `uses` tells how
    each finished call went, by the model's call id.
    """

    def __init__(self, ledger: Ledger, spend: Spend, foreign: Collection[str] = ()) -> None:
        self._ledger, self._spend, self._foreign = ledger, spend, foreign
        self._claimed = set(range(len(ledger.tools)))
        self._began: dict[str, float] = {}
        self._effects: dict[str, Effect] = {}
        self._estimated = 0
        self._open: _OpenCall | None = None
        self.uses: dict[str, ToolUse] = {}

    def hear(self, event: StreamEvent) -> None:
        """Keeps what the call under way has said, in case that it is cut off."""
        if self._open and isinstance(event, RawResponsesStreamEvent):
            match event.data:
                case ResponseTextDeltaEvent(delta=text) | ResponseRefusalDeltaEvent(delta=text):
                    self._open.said.append(text)
                case ResponseCompletedEvent(response=response):
                    self._open.usage = response.usage
                    details = response.incomplete_details
                    self._ledger.incomplete = (details.reason if details else None) or ""

    def refused(self) -> None:
        """The call under way has failed: if it has said nothing, it has cost nothing."""
        if self._open and not self._open.said:
            self._open = None

    async def settle_cut(self) -> None:
        """Notes a call that was cut off, which its server bills all the same."""
        cut, self._open = self._open, None
        if cut:
            await self._settle(cut.cut())

    async def on_agent_start(self, context: Any, agent: Any) -> None:
        """Notes who answers."""
        self._ledger.agent = agent.name

    async def on_handoff(self, context: Any, from_agent: Any, to_agent: Any) -> None:
        """Counts the hop."""
        self._ledger.hops += 1

    async def on_llm_start(
        self, context: Any, agent: Agent[TurnContext], system_prompt: Any, input_items: Any
    ) -> None:
        """Sets the price of the call aside and estimates what it sends."""
        self._estimated = sent_tokens([system_prompt, *input_items, *_offered(agent)])
        await self._spend.reserve(str(agent.model))
        self._open = _OpenCall(agent.name, str(agent.model), system_prompt or "", input_items)

    async def on_llm_end(
        self, context: Any, agent: Agent[TurnContext], response: ModelResponse
    ) -> None:
        """Notes the call, what it used and what it said."""
        call = _call(agent.name, str(agent.model), response.usage)
        self._open = None
        if call.input_tokens:
            self._ledger.estimated_tokens += self._estimated
        texts = messages_of(response.output)
        self._ledger.items.extend(message("assistant", text) for text in texts)
        await self._settle(call)

    async def on_tool_start(
        self, context: RunContextWrapper[TurnContext], agent: Any, tool: Tool
    ) -> None:
        """Starts the clock of tools that do not time themselves, and takes the `foreign` ones, of
        which nothing is known, for such as change something.
        """
        if tool.name in self._foreign:
            await self._claim(context, tool.name)
        if isinstance(context, ToolContext):
            self._began[context.tool_call_id] = time.perf_counter()

    async def on_tool_end(
        self, context: RunContextWrapper[TurnContext], agent: Any, tool: Tool, result: object
    ) -> None:
        """Notes the call with its result; `release` is our own affair."""
        if not isinstance(context, ToolContext) or not context.tool_call or tool.name == RELEASE:
            return
        self.uses[context.tool_call_id] = self._use(tool.name, context.tool_call_id)
        pair = pair_of(context.tool_call, result)
        self._ledger.items.extend(pair)
        if effect := self._effects.pop(context.tool_call_id, None):
            await settled(context.context, effect, str(pair[1]["output"]), ok=True)

    async def _claim(self, run: RunContextWrapper[TurnContext], tool: str) -> None:
        call = (run.tool_call_id, run.tool_arguments) if isinstance(run, ToolContext) else ("", "")
        effect = await begun(run.context, tool, call[1])
        if effect.state != "new":  # nothing but the tool itself could answer for it
            raise Interrupted(effect.told)
        self._effects[call[0]] = effect

    async def _settle(self, call: ModelCall) -> None:
        self._ledger.calls.append(call)
        await self._spend.settle(call)

    def _use(self, name: str, call_id: str) -> ToolUse:
        """How the call went: as our own tools noted it, else (a tool of the SDK) as timed here."""
        for index, use in enumerate(self._ledger.tools):
            if use.name == name and index not in self._claimed:
                self._claimed.add(index)
                return use
        ms = (time.perf_counter() - self._began[call_id]) * 1000
        self._claimed.add(len(self._ledger.tools))
        self._ledger.tools.append(ToolUse(name, ms, True))
        return self._ledger.tools[-1]


def _call(agent: str, model: str, usage: Usage) -> ModelCall:
    return ModelCall(
        agent,
        model,
        usage.input_tokens,
        usage.input_tokens_details.cached_tokens or 0,
        usage.output_tokens,
        usage.output_tokens_details.reasoning_tokens or 0,
    )


def _offered(agent: Agent[TurnContext]) -> list[object]:
    """What the model reads of the tools and handoffs that it may use."""
    tools: list[object] = [
        (tool.name, tool.description, tool.params_json_schema)
        for tool in agent.tools
        if isinstance(tool, FunctionTool)
    ]
    return tools + [
        (each.tool_name, each.tool_description, each.input_json_schema)
        for each in agent.handoffs
        if isinstance(each, Handoff)
    ]
