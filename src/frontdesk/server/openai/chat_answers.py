"""What a turn came to as a chat completion, whole or in chunks. Pure functions."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request

from frontdesk.contract.errors import FrontdeskError
from frontdesk.contract.events import Event, TextDelta, TurnCreated, TurnEnded
from frontdesk.contract.turns import Item, Receipt, TurnResult
from frontdesk.server.openai.errors import Refusal, Refused, failed, refusal_of
from frontdesk.server.openai.ids import renamed
from frontdesk.server.openai.stops import Stops
from frontdesk.sessions.codec import dump

DONE = b"data: [DONE]\n\n"
BETWEEN = "\n\n"
"""Between two messages of one turn."""
CANCELLED = Refused(Refusal(400, "The turn was cancelled.", code="cancelled"))


@dataclass(frozen=True, slots=True)
class Reply:
    """What every part of one answer says: `model` as it was asked for, `created` in seconds.
    `whole` holds a structured answer back until it is complete.
    """

    turn_id: str
    model: str
    created: int
    stops: tuple[str, ...] = ()
    usage_wanted: bool = False
    whole: bool = False

    def object(self, kind: str, choices: list[dict[str, Any]]) -> dict[str, Any]:
        """A completion or a chunk with these choices."""
        return {
            "id": renamed(self.turn_id, "chatcmpl-"),
            "object": kind,
            "created": self.created,
            "model": self.model,
            "system_fingerprint": None,
            "choices": choices,
        }


def completion(reply: Reply, result: TurnResult, request: Request) -> dict[str, Any]:
    """The completion.

    Raises:
        Refused: the turn failed or was cancelled.
    """
    unanswered(result, request)
    cut = Stops(reply.stops)
    text = cut.take(result.answer) + cut.rest()
    message: dict[str, Any] = {"role": "assistant", "content": text, "refusal": None}
    if result.calls:
        message |= {"content": text or None, "tool_calls": [_call(call) for call in result.calls]}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": _reason(result)}
    return {**reply.object("chat.completion", [choice]), "usage": usage(result.receipt)}


def unanswered(result: TurnResult, request: Request) -> None:
    """Raises Refused where the turn came to no answer: it failed or was cancelled."""
    if result.status == "failed":
        raise failed(result, request)
    if result.status == "cancelled":
        raise CANCELLED


def usage(receipt: Receipt | None) -> dict[str, Any]:
    """The tokens of all model calls of a turn; zeros where there was none."""
    sent, cached = (receipt.input_tokens, receipt.cached_tokens) if receipt else (0, 0)
    got, thought = (receipt.output_tokens, receipt.reasoning_tokens) if receipt else (0, 0)
    return {
        "prompt_tokens": sent,
        "completion_tokens": got,
        "total_tokens": sent + got,
        "prompt_tokens_details": {"cached_tokens": cached},
        "completion_tokens_details": {"reasoning_tokens": thought},
    }


@dataclass(slots=True)
class ChatForm:
    """The chunks of one completion. OpenAI's clients add deltas up: role, id and name come once."""

    reply: Reply
    request: Request
    begun: bool = False
    shown: bool = False
    message: int = 0
    stops: Stops = field(init=False)

    def __post_init__(self) -> None:
        self.stops = Stops(self.reply.stops)

    def frames(self, event_id: str, event: Event) -> bytes:
        """The event as chunks."""
        if isinstance(event, TurnCreated):
            return b"".join(self._begin())
        if isinstance(event, TextDelta):
            return b"".join(self._delta(event))
        if isinstance(event, TurnEnded):
            return b"".join(self._ended(event.result))
        return b""

    def failed(self, error: FrontdeskError) -> bytes:
        """The error as the last frame."""
        return _frame(refusal_of(error, self.request).body)

    def _begin(self) -> Iterator[bytes]:
        if not self.begun:
            self.begun = True
            yield self._chunk({"role": "assistant", "content": ""})

    def _delta(self, event: TextDelta) -> Iterator[bytes]:
        if self.reply.whole:
            return
        yield from self._begin()
        if self.shown and event.message != self.message:
            yield from self._text(BETWEEN)
        self.message = event.message
        yield from self._text(event.text)

    def _text(self, text: str) -> Iterator[bytes]:
        self.shown = self.shown or bool(text)
        if shown := self.stops.take(text):
            yield self._chunk({"content": shown})

    def _ended(self, result: TurnResult) -> Iterator[bytes]:
        try:
            unanswered(result, self.request)
        except Refused as refusal:
            yield self.failed(refusal)
            return
        yield from self._end(result)

    def _end(self, result: TurnResult) -> Iterator[bytes]:
        yield from self._begin()
        if result.status != "completed" or not self.shown:  # what was not said in pieces
            yield from self._text(BETWEEN + result.answer if self.shown else result.answer)
        if rest := self.stops.rest():
            yield self._chunk({"content": rest})
        for index, call in enumerate(result.calls):
            yield from self._calling(index, call)
        yield self._chunk({}, _reason(result))
        if self.reply.usage_wanted:
            last = self.reply.object("chat.completion.chunk", [])
            yield _frame({**last, "usage": usage(result.receipt)})
        yield DONE

    def _calling(self, index: int, call: Item) -> Iterator[bytes]:
        whole = _call(call)
        arguments = whole["function"].pop("arguments")
        function = {**whole.pop("function"), "arguments": ""}
        yield self._chunk({"tool_calls": [{"index": index, **whole, "function": function}]})
        given = {"index": index, "function": {"arguments": arguments}}
        yield self._chunk({"tool_calls": [given]})

    def _chunk(self, delta: Mapping[str, Any], reason: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        chunk = self.reply.object("chat.completion.chunk", [choice])
        return _frame({**chunk, "usage": None} if self.reply.usage_wanted else chunk)


def _call(call: Item) -> dict[str, Any]:
    function = {"name": call["name"], "arguments": call["arguments"] or "{}"}
    return {"id": call["call_id"], "type": "function", "function": function}


def _reason(result: TurnResult) -> str:
    if result.calls:
        return "tool_calls"
    if result.status == "blocked" or result.incomplete == "content_filter":
        return "content_filter"
    return "length" if result.incomplete else "stop"


def _frame(data: object) -> bytes:
    return b"data: %b\n\n" % dump(data)
