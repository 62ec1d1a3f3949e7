"""How a client wants its models to answer, as far as they and the deployment allow it."""

import json
from collections.abc import Collection
from typing import Any

from agents import ModelSettings
from openai.types.shared import Reasoning

from frontdesk.agents.call_settings import reasons, takes_effort
from frontdesk.config import Settings
from frontdesk.contract.errors import InvalidRequest
from frontdesk.contract.messages import Message, Wishes

LEAST_OUTPUT_TOKENS = 16
"""The Responses API takes no smaller limit."""
MOST_SCHEMA_CHARS = 65_536
FORMATS = ("text", "json_object", "json_schema")
EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh")


def check_wishes(wishes: Wishes, tools: Collection[str]) -> None:
    """Lets wishes pass; `tools` are the names of the client's tools.

    Raises:
        InvalidRequest: one is out of its bounds, or names what is not there.
    """
    _within("temperature", wishes.temperature, 0, 2)
    _within("top_p", wishes.top_p, 0, 1)
    _within("max_output_tokens", wishes.max_output_tokens, 1, float("inf"))
    if wishes.tool_choice not in (None, "auto", "none", "required", *tools):
        raise InvalidRequest("`tool_choice` is auto, none, required or a tool that you bring.")
    if wishes.effort not in (None, *EFFORTS):
        raise InvalidRequest(f"`effort` is one of {', '.join(EFFORTS)}.")
    told = wishes.text_format or {"type": "text"}
    if told.get("type") not in FORMATS:
        raise InvalidRequest(f"The type of `text_format` is one of {', '.join(FORMATS)}.")
    if told["type"] == "json_schema" and not isinstance(told.get("schema"), dict):
        raise InvalidRequest("A `text_format` of the type json_schema has a `schema`.")
    if len(json.dumps(dict(told))) > MOST_SCHEMA_CHARS:
        raise InvalidRequest("The schema of `text_format` is too long.")


def wished(call: ModelSettings, model: str, message: Message, settings: Settings) -> ModelSettings:
    """How this model is asked in the turn of a message. What a model refuses is left out: OpenAI's
    own reasoning models take no temperature, its other ones no effort.
    """
    wishes = message.wishes
    if wishes == Wishes():
        return call
    sampled = not reasons(settings, model)
    effort = wishes.effort if takes_effort(settings, model) else None
    return call.resolve(
        ModelSettings(
            temperature=_not_one(wishes.temperature) if sampled else None,
            top_p=_not_one(wishes.top_p) if sampled else None,
            max_tokens=_bounded(wishes.max_output_tokens, settings),
            parallel_tool_calls=wishes.parallel_tool_calls if message.client_tools else None,
            reasoning=Reasoning(effort=effort) if effort else None,
            extra_args=_format(wishes, settings) | _choice(message, settings),
        )
    )


def _within(name: str, value: float | None, least: float, most: float) -> None:
    if value is not None and not least <= value <= most:
        raise InvalidRequest(f"`{name}` must be {least} or more, and at most {most:g}.")


def _not_one(value: float | None) -> float | None:
    """Many clients send the default, 1, which some models refuse."""
    return None if value == 1 else value


def _bounded(wish: int | None, settings: Settings) -> int | None:
    if wish is None:
        return None
    least = LEAST_OUTPUT_TOKENS if settings.model_api == "responses" else 1
    return min(max(wish, least), settings.max_output_tokens)


def _format(wishes: Wishes, settings: Settings) -> dict[str, Any]:
    told = dict(wishes.text_format or {"type": "text"})
    if told["type"] == "text":
        return {}
    if settings.model_api == "responses":
        return {"text": {"format": _named(told)}}
    kind = told.pop("type")
    return {"response_format": {"type": kind, **({kind: _named(told)} if told else {})}}


def _named(told: dict[str, Any]) -> dict[str, Any]:
    return {"name": "answer", **told} if "schema" in told else told


def _choice(message: Message, settings: Settings) -> dict[str, Any]:
    """As an argument of the request itself: the SDK would take some names for OpenAI's own tools,
    and forgets a choice after the first call.
    """
    choice = message.wishes.tool_choice
    if not message.client_tools or choice in (None, "auto", "none"):
        return {}
    if choice == "required":
        return {"tool_choice": choice}
    if settings.model_api == "responses":
        return {"tool_choice": {"type": "function", "name": choice}}
    return {"tool_choice": {"type": "function", "function": {"name": choice}}}
