"""Models for turns that nobody reads along: one plain call instead of a stream of pieces."""

from collections.abc import AsyncIterator
from typing import Any

from agents import Model, ModelProvider, ModelResponse
from agents.retry import ModelRetryAdvice, ModelRetryAdviceRequest
from openai.types.responses import Response, ResponseCompletedEvent, ResponseUsage
from openai.types.responses.response import IncompleteDetails

from frontdesk.agents.cuts import Answer


class Unstreamed(ModelProvider):
    """The same models, asked without streaming; the runner still gets its stream, of one event."""

    def __init__(self, models: ModelProvider) -> None:
        self._models = models

    def get_model(self, model_name: str | None) -> Model:
        """The model of this name."""
        return UnstreamedModel(self._models.get_model(model_name))


class UnstreamedModel(Model):
    """A model whose stream is one plain call and its end."""

    def __init__(self, model: Model) -> None:
        self._model = model

    async def get_response(self, *args: Any, **kwargs: Any) -> ModelResponse:
        """As the model."""
        return await self._model.get_response(*args, **kwargs)

    async def stream_response(
        self, *args: Any, **kwargs: Any
    ) -> AsyncIterator[ResponseCompletedEvent]:
        """The completed answer as the only event."""
        answer = await self._model.get_response(*args, **kwargs)
        yield ResponseCompletedEvent.construct(
            type="response.completed", sequence_number=0, response=_response(answer)
        )

    def get_retry_advice(self, request: ModelRetryAdviceRequest) -> ModelRetryAdvice | None:
        """As the model."""
        return self._model.get_retry_advice(request)

    def _supports_default_prompt_cache_key(self) -> bool:
        # The SDK asks this of its own models before it sends a cache key to OpenAI's own host.
        ask = getattr(self._model, "_supports_default_prompt_cache_key", None)
        return bool(ask and ask())


def _response(answer: ModelResponse) -> Response:
    response = Response.construct(
        id=answer.response_id or "", output=answer.output, usage=_usage(answer), status="completed"
    )
    cut = answer.cut if isinstance(answer, Answer) else ""
    response.incomplete_details = IncompleteDetails.construct(reason=cut) if cut else None
    response._request_id = answer.request_id
    return response


def _usage(answer: ModelResponse) -> ResponseUsage | None:
    usage = answer.usage
    if not usage.total_tokens:
        return None
    return ResponseUsage.construct(
        input_tokens=usage.input_tokens,
        input_tokens_details=usage.input_tokens_details,
        output_tokens=usage.output_tokens,
        output_tokens_details=usage.output_tokens_details,
        total_tokens=usage.total_tokens,
    )
