"""Models whose answers outlive the process: one that has come is not paid for twice."""

from collections.abc import AsyncIterator
from typing import Any

import orjson
from agents import Model, ModelProvider, ModelResponse
from agents.retry import ModelRetryAdvice, ModelRetryAdviceRequest
from openai.types.responses import Response, ResponseCompletedEvent

from frontdesk.contract.rounds import Rounds


class Remembering(ModelProvider):
    """The same models; each answer is kept before its tools are called. What an earlier try of the
    turn was answered is answered again, without a call.
    """

    def __init__(self, models: ModelProvider, rounds: Rounds) -> None:
        self._models, self._rounds = models, rounds

    def get_model(self, model_name: str | None) -> Model:
        """The model of this name."""
        return RememberingModel(self._models.get_model(model_name), self._rounds)


class RememberingModel(Model):
    """A model whose streamed answers are kept."""

    def __init__(self, model: Model, rounds: Rounds) -> None:
        self._model, self._rounds = model, rounds

    async def get_response(self, *args: Any, **kwargs: Any) -> ModelResponse:
        """As the model; the runner asks for streams only."""
        return await self._model.get_response(*args, **kwargs)

    async def stream_response(self, *args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        """The model's events, or the one that ends an answer which came before."""
        if answer := await self._rounds.recall():
            yield ResponseCompletedEvent.construct(
                type="response.completed",
                sequence_number=0,
                response=Response.construct(**orjson.loads(answer)),
            )
            return
        async for event in self._model.stream_response(*args, **kwargs):
            if isinstance(event, ResponseCompletedEvent):
                dumped = event.response.model_dump_json(exclude_unset=True, warnings=False)
                await self._rounds.remember(dumped)
            yield event

    def get_retry_advice(self, request: ModelRetryAdviceRequest) -> ModelRetryAdvice | None:
        """As the model."""
        return self._model.get_retry_advice(request)

    def _supports_default_prompt_cache_key(self) -> bool:
        # The SDK asks this of its own models before it sends a cache key to OpenAI's own host.
        ask = getattr(self._model, "_supports_default_prompt_cache_key", None)
        return bool(ask and ask())
