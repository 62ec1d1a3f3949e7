"""The events of a response, made of those of its turn: the same, with the same numbers, whenever
and wherever they are told.
"""

from collections.abc import Iterator
from typing import Any

from frontdesk.contract.events import (
    Event,
    TextDelta,
    TurnCreated,
    TurnEnded,
    TurnQueued,
)
from frontdesk.contract.turns import Item, TurnResult
from frontdesk.server.openai.responses_objects import (
    Object,
    call_item,
    message_item,
    response_object,
)
from frontdesk.sessions.responses import StoredResponse

STATUSES = {
    "completed": "completed",
    "blocked": "completed",
    "failed": "failed",
    "cancelled": "cancelled",
}


class Telling:
    """Tells a response, event by event. `output` are the items that are finished; `status` is that
    of the response so far.
    """

    def __init__(self, asked: StoredResponse) -> None:
        self._asked = asked
        self._number = 0
        self._open: tuple[int, list[str]] | None = None
        self._result: TurnResult | None = None
        self.output: list[Item] = []
        self.status = ""

    @property
    def object(self) -> Object:
        """The response as far as it was told; a message that is open is part of it."""
        begun = [self._message("in_progress")] if self._open else []
        output = [*self.output, *begun]
        return response_object(self._asked, self.status or "queued", output, self._result)

    @property
    def ended(self) -> bool:
        """Whether there is no more to tell."""
        return self._result is not None

    @property
    def result(self) -> TurnResult:
        """What the turn came to, when it has been told."""
        assert self._result
        return self._result

    @property
    def refused(self) -> bool:
        """Whether a guardrail stopped it: nothing goes on from that."""
        return self._result is not None and self._result.status == "blocked"

    @property
    def following(self) -> int:
        """The number of the next event."""
        return self._number

    def tell(self, event: Event) -> list[Object]:
        """What an event of the turn means for the response; often nothing."""
        if self.ended:
            return []
        return [self._numbered(each) for each in self._told(event)]

    def _told(self, event: Event) -> Iterator[Object]:
        if isinstance(event, TurnQueued):
            yield from self._begin("queued")
        elif isinstance(event, TurnCreated):
            yield from self._begin("in_progress")
        elif isinstance(event, TextDelta):
            yield from self._begin("in_progress")
            yield from self._delta(event)
        elif isinstance(event, TurnEnded):
            yield from self._end(event.result)

    def _begin(self, status: str) -> Iterator[Object]:
        """The first events, each once: a turn that was taken over begins a second time."""
        first = not self.status
        if self.status in (status, "in_progress"):
            return
        self.status = status
        if first:
            yield self._state("response.created")
        yield self._state(f"response.{status}")

    def _delta(self, event: TextDelta) -> Iterator[Object]:
        if self._open and self._open[0] != event.message:
            yield from self._close()
        if not self._open:
            self._open = event.message, []
            item = {**self._message("in_progress"), "content": []}
            yield self._at("response.output_item.added", item=item)
            yield self._part("response.content_part.added", "")
        _, pieces = self._open
        pieces.append(event.text)
        yield self._text("response.output_text.delta", delta=event.text)

    def _close(self, status: str = "completed") -> Iterator[Object]:
        """Ends the open message, if there is one."""
        if not self._open:
            return
        item = self._message(status)
        text = "".join(self._open[1])
        yield self._text("response.output_text.done", text=text)
        yield self._part("response.content_part.done", text)
        yield self._at("response.output_item.done", item=item)
        self.output.append(item)
        self._open = None

    def _say(self, turn_id: str, text: str) -> Iterator[Object]:
        """A whole message of its own."""
        yield from self._close()
        yield from self._delta(TextDelta(turn_id, text, len(self.output)))

    def _call(self, call: Item) -> Iterator[Object]:
        item = call_item(f"fc_{self._stem}", call)
        begun = {**item, "arguments": "", "status": "in_progress"}
        kind, arguments = "response.function_call_arguments", item["arguments"]
        place = {"item_id": item["id"]}
        yield self._at("response.output_item.added", item=begun)
        yield self._at(f"{kind}.delta", **place, delta=arguments)
        yield self._at(f"{kind}.done", **place, name=item["name"], arguments=arguments)
        yield self._at("response.output_item.done", item=item)
        self.output.append(item)

    def _end(self, result: TurnResult) -> Iterator[Object]:
        status = "incomplete" if result.incomplete else STATUSES[result.status]
        waited = status == "cancelled" and not self.status
        yield from self._begin("queued" if waited else "in_progress")
        if result.answer and self._unsaid(result):
            yield from self._say(result.turn_id, result.answer)
        yield from self._close("completed" if status == "completed" else "incomplete")
        for call in result.calls:
            yield from self._call(call)
        yield from self._finish(status, result)

    def _unsaid(self, result: TurnResult) -> bool:
        """Whether the answer was not shown: a refusal, or a log that has run out of its time."""
        if result.status == "blocked":
            return not self._open or "".join(self._open[1]) != result.answer
        return not (self._open or self.output)

    def _finish(self, status: str, result: TurnResult) -> Iterator[Object]:
        self.status, self._result = status, result
        if status != "cancelled":  # there is no event for it: the stream ends
            yield self._state(f"response.{status}")

    @property
    def _stem(self) -> str:
        return f"{self._asked.id}{len(self.output)}"

    def _message(self, status: str) -> Object:
        pieces = self._open[1] if self._open else []
        return message_item(f"msg_{self._stem}", "".join(pieces), status)

    def _state(self, kind: str) -> Object:
        return {"type": kind, "response": self.object}

    def _at(self, kind: str, **more: Any) -> Object:
        return {"type": kind, "output_index": len(self.output), **more}

    def _text(self, kind: str, **more: Any) -> Object:
        place = {"item_id": f"msg_{self._stem}", "content_index": 0}
        return self._at(kind, **place, **more, logprobs=[])

    def _part(self, kind: str, text: str) -> Object:
        part = {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
        return self._at(kind, item_id=f"msg_{self._stem}", content_index=0, part=part)

    def _numbered(self, event: Object) -> Object:
        kind, rest = event.pop("type"), event
        number, self._number = self._number, self._number + 1
        return {"type": kind, "sequence_number": number, **rest}
