"""A run as the outside hears it: the SDK's stream of events told in ours."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from agents import AgentUpdatedStreamEvent, RawResponsesStreamEvent, StreamEvent
from agents.items import ToolCallItem, ToolCallOutputItem
from agents.stream_events import RunItemStreamEvent
from openai.types.responses import (
    ResponseCompletedEvent,
    ResponseRefusalDeltaEvent,
    ResponseTextDeltaEvent,
)

from frontdesk.agents.graph import RELEASE
from frontdesk.agents.wire import messages_of
from frontdesk.contract.events import AgentChanged, Event, TextDelta, ToolCalled, ToolFinished
from frontdesk.contract.turns import ToolUse


@dataclass(slots=True)
class Narration:
    """Tells one run. `agent` is who the session believes answers; `uses` says how calls went.

    `_message` numbers the output messages of the turn, `_part` is the place of the current one in
    its model's answer, `_told` counts those of this answer that came in pieces. A server that gives
    no place (llama.cpp) sends one message. `theirs` are the names of the client's tools, whose
    calls are told when the turn has ended.
    """

    turn_id: str
    agent: str
    uses: Mapping[str, ToolUse]
    theirs: Collection[str] = ()
    _names: dict[str, str] = field(default_factory=dict)
    _message: int = -1
    _part: int | None = None
    _told: int = 0

    def tell(self, event: StreamEvent) -> Iterator[Event]:
        """Our events for one of the SDK's: none, one or several."""
        match event:
            case RawResponsesStreamEvent(data=ResponseTextDeltaEvent() as data):
                yield from self._piece(data.delta, data.output_index)
            case RawResponsesStreamEvent(data=ResponseRefusalDeltaEvent() as data):
                yield from self._piece(data.delta, data.output_index)
            case RawResponsesStreamEvent(data=ResponseCompletedEvent() as data):
                yield from self._rest(list(messages_of(data.response.output)))
            case AgentUpdatedStreamEvent() if event.new_agent.name != self.agent:
                self.agent = event.new_agent.name
                yield AgentChanged(self.turn_id, self.agent)
            case RunItemStreamEvent(item=ToolCallItem() as item):
                yield from self._called(item.raw_item)
            case RunItemStreamEvent(item=ToolCallOutputItem() as item):
                yield from self._finished(_field(item.raw_item, "call_id"))

    def go_on(self, calls: Mapping[str, str], message: int) -> None:
        """Goes on with a turn in which these calls (id and tool) wait, and whose last message has
        this number, or -1.
        """
        self._names.update(calls)
        self._message = message

    @property
    def silent(self) -> bool:
        """Whether nothing was said so far."""
        return self._message < 0

    def _piece(self, text: str, part: int) -> Iterator[Event]:
        if not text:
            return
        if part != self._part or not self._told:
            self._part = part
            self._message += 1
            self._told += 1
        yield TextDelta(self.turn_id, text, self._message)

    def _rest(self, texts: list[str]) -> Iterator[Event]:
        """The messages of a finished answer that did not come in pieces."""
        for text in texts[self._told :]:
            self._message += 1
            yield TextDelta(self.turn_id, text, self._message)
        self._part, self._told = None, 0

    def _called(self, raw: Any) -> Iterator[Event]:
        call_id = _field(raw, "call_id") or _field(raw, "id")
        name = _field(raw, "name") or _field(raw, "type")
        if name != RELEASE and name not in self.theirs:
            self._names[call_id] = name
            yield ToolCalled(self.turn_id, name, call_id)

    def _finished(self, call_id: str) -> Iterator[Event]:
        """A call that no tool took up has failed: the model asked for one that is not there."""
        if name := self._names.pop(call_id, None):
            use = self.uses.get(call_id, ToolUse(name, 0.0, False))
            yield ToolFinished(self.turn_id, name, call_id, use.ok, use.ms)


def _field(raw: Any, name: str) -> str:
    value = raw.get(name) if isinstance(raw, Mapping) else getattr(raw, name, None)
    return str(value or "")
