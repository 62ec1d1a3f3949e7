"""The demo model's answer as a stream: the events of the Responses API, word by word."""

import asyncio
import re
import uuid
from collections.abc import AsyncIterator, Iterator
from itertools import count
from typing import Any, TypeVar

from agents.items import TResponseStreamEvent
from agents.usage import Usage
from openai.types.responses import (
    Response,
    ResponseCompletedEvent,
    ResponseContentPartAddedEvent,
    ResponseContentPartDoneEvent,
    ResponseCreatedEvent,
    ResponseFunctionCallArgumentsDeltaEvent,
    ResponseFunctionCallArgumentsDoneEvent,
    ResponseFunctionToolCall,
    ResponseInProgressEvent,
    ResponseOutputItemAddedEvent,
    ResponseOutputItemDoneEvent,
    ResponseOutputMessage,
    ResponseTextDeltaEvent,
    ResponseTextDoneEvent,
    ResponseUsage,
)
from openai.types.responses.response_usage import InputTokensDetails, OutputTokensDetails
from pydantic import BaseModel

from frontdesk.demo.speech import Spoken, part

_WORD = re.compile(r"\s*\S+(?:\s+$)?")

Kind = TypeVar("Kind", bound=BaseModel)


async def stream(
    item: Spoken, usage: Usage, model: str, word_s: float
) -> AsyncIterator[TResponseStreamEvent]:
    """The events of an answer that is this item, `word_s` seconds before each word."""
    number, response = count(), _response(model)
    yield _event(ResponseCreatedEvent, number, response=response)
    yield _event(ResponseInProgressEvent, number, response=response)
    for event in _events(item, number):
        if word_s and event.type == "response.output_text.delta":
            await asyncio.sleep(word_s)
        yield event
    ended = {"output": [item], "status": "completed", "usage": _usage(usage)}
    yield _event(ResponseCompletedEvent, number, response=response.model_copy(update=ended))


def _event(kind: type[Kind], number: Iterator[int], **fields: Any) -> Kind:
    (name,) = kind.model_fields["type"].annotation.__args__  # type: ignore[union-attr]  # a Literal
    return kind(type=name, sequence_number=next(number), **fields)


def _events(item: Spoken, number: Iterator[int]) -> Iterator[TResponseStreamEvent]:
    empty: dict[str, Any] = (
        {"content": []} if isinstance(item, ResponseOutputMessage) else {"arguments": ""}
    )
    added = item.model_copy(update={"status": "in_progress", **empty})
    yield _event(ResponseOutputItemAddedEvent, number, item=added, output_index=0)
    if isinstance(item, ResponseOutputMessage):
        yield from _words(item, number)
    else:
        yield from _arguments(item, number)
    yield _event(ResponseOutputItemDoneEvent, number, item=item, output_index=0)


def _words(item: ResponseOutputMessage, number: Iterator[int]) -> Iterator[TResponseStreamEvent]:
    at = {"item_id": item.id, "output_index": 0, "content_index": 0}
    text = "".join(each.text for each in item.content if each.type == "output_text")
    yield _event(ResponseContentPartAddedEvent, number, part=part(""), **at)
    for word in _WORD.findall(text):
        yield _event(ResponseTextDeltaEvent, number, delta=word, logprobs=[], **at)
    yield _event(ResponseTextDoneEvent, number, text=text, logprobs=[], **at)
    yield _event(ResponseContentPartDoneEvent, number, part=part(text), **at)


def _arguments(
    item: ResponseFunctionToolCall, number: Iterator[int]
) -> Iterator[TResponseStreamEvent]:
    at = {"item_id": item.id, "output_index": 0}
    delta, done = ResponseFunctionCallArgumentsDeltaEvent, ResponseFunctionCallArgumentsDoneEvent
    yield _event(delta, number, delta=item.arguments, **at)
    yield _event(done, number, name=item.name, arguments=item.arguments, **at)


def _response(model: str) -> Response:
    return Response(
        id=f"resp_{uuid.uuid4().hex}",
        object="response",
        created_at=0,
        model=model,
        output=[],
        status="in_progress",
        parallel_tool_calls=False,
        tool_choice="auto",
        tools=[],
    )


def _usage(usage: Usage) -> ResponseUsage:
    return ResponseUsage(
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        total_tokens=usage.total_tokens,
        input_tokens_details=InputTokensDetails(cached_tokens=0, cache_write_tokens=0),
        output_tokens_details=OutputTokensDetails(reasoning_tokens=0),
    )
