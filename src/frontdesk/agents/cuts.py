"""Models whose answer says when it was cut: by its length, or by the provider's filter.

The SDK fails an incomplete answer of the Responses API and takes one of Chat Completions for whole.
Here both come as a completed answer with `incomplete_details`, as the Responses API has them.
"""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from copy import copy
from typing import Any, Literal, cast

from agents import (
    ModelBehaviorError,
    ModelResponse,
    OpenAIChatCompletionsModel,
    OpenAIResponsesModel,
)
from agents.usage import Usage
from openai.types import CompletionUsage
from openai.types.chat import ChatCompletion
from openai.types.responses import (
    Response,
    ResponseCompletedEvent,
    ResponseFunctionToolCall,
    ResponseIncompleteEvent,
)
from openai.types.responses.response import IncompleteDetails
from pydantic.dataclasses import dataclass

Reason = Literal["max_output_tokens", "content_filter"]
REASONS: dict[str, Reason] = {"length": "max_output_tokens", "content_filter": "content_filter"}
"""What Chat Completions call them."""


@dataclass
class Answer(ModelResponse):
    """A model's answer, and why it was cut, if it was."""

    cut: str = ""


class CutResponses(OpenAIResponsesModel):
    """A model of the Responses API."""

    cut = ""

    async def get_response(self, *args: Any, **kwargs: Any) -> Answer:
        """As the SDK's."""
        one = copy(self)  # a call of its own: calls of one model run side by side
        return _answer(await OpenAIResponsesModel.get_response(one, *args, **kwargs), one.cut)

    async def _fetch_response(self, *args: Any, **kwargs: Any) -> Any:
        answer = await super()._fetch_response(*args, **kwargs)
        if not isinstance(answer, Response):
            return _completed(answer)
        self.cut = _reason(answer)
        return whole(answer)


class CutCompletions(OpenAIChatCompletionsModel):
    """A model of the Chat Completions API; one that was cut before its first word is empty, which
    the SDK fails.
    """

    cut = ""
    usage: CompletionUsage | None = None
    streamed: Response | None = None

    async def get_response(self, *args: Any, **kwargs: Any) -> Answer:
        """As the SDK's."""
        one = copy(self)
        try:
            whole = await OpenAIChatCompletionsModel.get_response(one, *args, **kwargs)
        except ModelBehaviorError:
            if not one.cut:
                raise
            return Answer([], _usage(one.usage), None, cut=one.cut)
        return _answer(whole, one.cut)

    async def stream_response(self, *args: Any, **kwargs: Any) -> AsyncGenerator[Any, None]:
        """As the SDK's."""
        one = copy(self)
        try:
            events = OpenAIChatCompletionsModel.stream_response(one, *args, **kwargs)
            async with aclosing(cast("AsyncGenerator[Any, None]", events)) as stream:
                async for event in stream:
                    yield event
        except ModelBehaviorError:
            if one.streamed is None or not _reason(one.streamed):
                raise
            yield _end(one.streamed, 0)

    async def _fetch_response(self, *args: Any, **kwargs: Any) -> Any:
        answer = await super()._fetch_response(*args, **kwargs)
        if isinstance(answer, ChatCompletion):
            reasons = [REASONS.get(choice.finish_reason, "") for choice in answer.choices[:1]]
            self.cut, self.usage = "".join(reasons), answer.usage
            return answer
        self.streamed, stream = answer
        return self.streamed, _Chunks(stream, self.streamed)


class _Chunks:
    """The chunks of a stream; one that says why the answer was cut tells it to the response which
    the SDK makes of them.
    """

    def __init__(self, stream: Any, response: Response) -> None:
        self._stream, self._response = stream, response

    @property
    def response(self) -> Any:
        """The HTTP response, for its headers."""
        return self._stream.response

    async def __aiter__(self) -> AsyncIterator[Any]:
        async for chunk in self._stream:
            for choice in chunk.choices[:1]:
                if reason := REASONS.get(choice.finish_reason or ""):
                    self._response.incomplete_details = IncompleteDetails(reason=reason)
            yield chunk

    async def close(self) -> None:
        """Closes the connection."""
        await self._stream.close()


def whole(response: Response) -> Response:
    """An answer that was cut, without the calls that it was cut in."""
    if _reason(response):
        response.output = [o for o in response.output if not _half_call(o)]
    return response


def _half_call(item: Any) -> bool:
    return isinstance(item, ResponseFunctionToolCall) and item.status == "incomplete"


async def _completed(events: AsyncIterator[Any]) -> AsyncGenerator[Any, None]:
    async with aclosing(events):  # type: ignore[type-var]  # the SDK's stream has aclose()
        async for event in events:
            if isinstance(event, ResponseIncompleteEvent) and _reason(event.response):
                yield _end(whole(event.response), event.sequence_number)
                return
            yield event


def _end(response: Response, number: int) -> ResponseCompletedEvent:
    return ResponseCompletedEvent.construct(
        type="response.completed", sequence_number=number, response=response
    )


def _usage(used: CompletionUsage | None) -> Usage:
    if used is None:
        return Usage(requests=1)
    tokens = (used.prompt_tokens, used.completion_tokens, used.total_tokens)
    return Usage(1, tokens[0], output_tokens=tokens[1], total_tokens=tokens[2])


def _reason(response: Response) -> str:
    details = response.incomplete_details
    return (details.reason if details else None) or ""


def _answer(answer: ModelResponse, cut: str) -> Answer:
    return Answer(answer.output, answer.usage, answer.response_id, answer.request_id, cut=cut)
