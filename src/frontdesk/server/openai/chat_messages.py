"""A chat completion's request as the message that asks for its turn. Pure functions."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from frontdesk.contract.messages import Caller, ClientTool, Message, Wishes
from frontdesk.server.messages import fingerprint_of
from frontdesk.server.openai.chat_bodies import ChatCompletionBody, ChosenTool, ResponseFormat
from frontdesk.server.openai.chat_history import said
from frontdesk.server.openai.errors import missing
from frontdesk.server.openai.images import messages_without
from frontdesk.server.openai.metadata import checked_metadata


@dataclass(frozen=True, slots=True)
class Filing:
    """Where a request's turn is filed: a session, or nowhere. `aside` is a chat client's call for
    itself.
    """

    session_id: str = ""
    aside: bool = False


def message_of(
    body: ChatCompletionBody,
    caller: Caller,
    turn_id: str,
    *,
    agent: str,
    filing: Filing,
    request_id: str = "",
    most_images: int = 0,
) -> Message:
    """The message that asks for the turn.

    Raises:
        Refused: the messages, their images, the tools or the metadata are wrong.
    """
    messages, images = messages_without(body.messages, most_images)
    heard = said(messages)
    return Message(
        turn_id=turn_id,
        caller=caller,
        text=heard.text,
        session_id=filing.session_id,
        opens=bool(filing.session_id),
        stream=bool(body.stream),
        on_disconnect="cancel",
        instructions=heard.instructions,
        metadata=_labelled(body),
        request_id=request_id,
        fingerprint=fingerprint_of(body),
        context=heard.context,
        client_tools=_tools(body),
        wishes=_wishes(body),
        agent=agent,
        aside=filing.aside,
        keeps=bool(filing.session_id),
        images=images,
    )


def _labelled(body: ChatCompletionBody) -> Mapping[str, str]:
    """The metadata, with whom the client calls its user: a label, no identity."""
    given = checked_metadata(body.metadata)
    label = body.safety_identifier or body.user
    return {**given, "user": label[:512]} if label else given


def _tools(body: ChatCompletionBody) -> tuple[ClientTool, ...]:
    return tuple(
        ClientTool(each.name, each.description or "", each.parameters or {}, bool(each.strict))
        for each in (tool.function for tool in body.tools or ())
    )


def _wishes(body: ChatCompletionBody) -> Wishes:
    chosen = body.tool_choice
    return Wishes(
        temperature=body.temperature,
        top_p=body.top_p,
        max_output_tokens=body.max_completion_tokens or body.max_tokens,
        tool_choice=chosen.function.name if isinstance(chosen, ChosenTool) else chosen,
        parallel_tool_calls=body.parallel_tool_calls,
        text_format=_format(body.response_format),
        effort=body.reasoning_effort,
    )


def _format(wanted: ResponseFormat | None) -> Mapping[str, Any] | None:
    if wanted is None or wanted.type == "text":
        return None
    if wanted.type == "json_object":
        return {"type": "json_object"}
    schema = wanted.json_schema
    if schema is None:
        raise missing("response_format.json_schema")
    given = {"description": schema.description, "strict": schema.strict}
    more = {name: value for name, value in given.items() if value is not None}
    return {"type": "json_schema", "name": schema.name, "schema": schema.json_schema or {}, **more}
