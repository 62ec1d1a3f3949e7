"""A model that costs nothing: it answers something new each time and remembers what it heard."""

import secrets
from collections.abc import AsyncIterator
from typing import Any

from agents import Model, ModelProvider, ModelResponse, Usage
from agents.items import TResponseInputItem, TResponseStreamEvent
from openai.types.responses import ResponseOutputMessage, ResponseOutputText

from frontdesk.agents.unstreamed import UnstreamedModel


class Parrot(Model):
    """Each answer is another one, so that whoever gets an old one gets somebody's. `heard` is the
    input of every call.
    """

    def __init__(self) -> None:
        self.heard: list[str] = []

    async def get_response(
        self,
        system_instructions: str | None,
        input: str | list[TResponseInputItem],
        *_: Any,
        **__: Any,
    ) -> ModelResponse:
        """A new answer."""
        self.heard.append(str(input))
        return ModelResponse(output=[_said(f"That is {word()}.")], usage=Usage(), response_id=None)

    def stream_response(self, *args: Any, **kwargs: Any) -> AsyncIterator[TResponseStreamEvent]:
        """The same as the only event of a stream."""
        return UnstreamedModel(self).stream_response(*args, **kwargs)


class Parrots(ModelProvider):
    """Gives the one parrot for every name."""

    def __init__(self) -> None:
        self.parrot = Parrot()

    def get_model(self, model_name: str | None) -> Model:
        """The parrot."""
        return self.parrot


def word() -> str:
    """A word that nobody has said before and no detector takes for a number or a key."""
    return "".join(secrets.choice("bdfgklmnprstvz") + secrets.choice("aeiou") for _ in range(6))


def _said(text: str) -> ResponseOutputMessage:
    part = ResponseOutputText(type="output_text", text=text, annotations=[])
    return ResponseOutputMessage(
        id=f"msg_{secrets.token_hex(8)}",
        type="message",
        role="assistant",
        status="completed",
        content=[part],
    )
