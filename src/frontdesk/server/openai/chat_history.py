"""The messages of a chat completion as what a turn needs: its text, the items before it, and the
instructions. Pure functions.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from frontdesk.contract.turns import Item
from frontdesk.server.openai.chat_bodies import ChatMessage, Part
from frontdesk.server.openai.errors import Refused, refused

INSTRUCTING = ("system", "developer")
NOT_TEXT = (
    "Images, audio and files are not taken here: send text. Messages of the user may hold images "
    "where the server's FRONTDESK_IMAGES is set."
)


@dataclass(frozen=True, slots=True)
class Said:
    """What a client says: `text` is the new message, empty where the last ones are results of its
    tools; `context` the items before it, oldest first.
    """

    text: str
    context: tuple[Item, ...]
    instructions: str


def said(messages: Sequence[ChatMessage]) -> Said:
    """The messages, taken apart.

    Raises:
        Refused: calls and results of tools do not fit together, or a part is no text.
    """
    _check_calls(messages)
    texts = [_text(message, place) for place, message in enumerate(messages)]
    asking = _asking(messages)
    instructions = "\n\n".join(
        text
        for place, (message, text) in enumerate(zip(messages, texts, strict=True))
        if message.role in INSTRUCTING and place != asking and text
    )
    last = asking == len(messages) - 1 or messages[asking].role in INSTRUCTING
    context = tuple(
        item
        for place, (message, text) in enumerate(zip(messages, texts, strict=True))
        if message.role not in INSTRUCTING and not (last and place == asking)
        for item in _items(message, text)
    )
    return Said(texts[asking] if last else "", context, instructions)


def _asking(messages: Sequence[ChatMessage]) -> int:
    """Where the message stands that asks: the last one of the user. Where there is none, the last
    of the instructions is meant as one; -1 where there is neither.
    """
    for roles in (("user",), INSTRUCTING):
        for place in range(len(messages) - 1, -1, -1):
            if messages[place].role in roles:
                return place
    return -1


def _items(message: ChatMessage, text: str) -> Iterator[Item]:
    if message.role == "tool":
        yield {
            "type": "function_call_output",
            "call_id": message.tool_call_id or "",
            "output": text,
        }
        return
    if text or not message.tool_calls:
        kind = "output_text" if message.role == "assistant" else "input_text"
        content = [{"type": kind, "text": text}]
        yield {"type": "message", "role": message.role, "content": content}
    for call in message.tool_calls or ():
        function = call.function
        told = {"call_id": call.id, "name": function.name, "arguments": function.arguments}
        yield {"type": "function_call", **told}


def _text(message: ChatMessage, place: int) -> str:
    content = message.content
    if content is None:
        return message.refusal or ""
    if isinstance(content, str):
        return content
    parts = [_part(each, f"messages[{place}].content[{n}]") for n, each in enumerate(content)]
    return "\n".join(parts)


def _part(part: Part, place: str) -> str:
    if part.type == "text" and part.text is not None:
        return part.text
    if part.type == "refusal" and part.refusal is not None:
        return part.refusal
    if part.type in ("text", "refusal"):
        raise refused(f"Missing required parameter: '{place}.{part.type}'.", place)
    raise refused(NOT_TEXT, place, "unsupported_content_type")


def _check_calls(messages: Sequence[ChatMessage]) -> None:
    """Each call has its result right after it, and each result its call.

    Raises:
        Refused: in OpenAI's words, which clients look for.
    """
    waiting: dict[str, None] = {}
    for message in messages:
        if message.role == "tool":
            if message.tool_call_id not in waiting:
                raise _without_call()
            del waiting[message.tool_call_id]
            continue
        if waiting:
            break
        calls = [call.id for call in message.tool_calls or ()]
        waiting = dict.fromkeys(calls)
        if len(waiting) < len(calls):
            raise refused("Two calls of one message have the same 'id'.", "messages")
    if waiting:
        raise _without_result(waiting)


def _without_call() -> Refused:
    words = "messages with role 'tool' must be a response to a preceeding message with 'tool_calls'"
    return refused(f"{words}.", "messages")


def _without_result(call_ids: dict[str, Any]) -> Refused:
    words = (
        "An assistant message with 'tool_calls' must be followed by tool messages responding to "
        "each 'tool_call_id'. The following tool_call_ids did not have response messages: "
    )
    return refused(words + ", ".join(call_ids), "messages")
