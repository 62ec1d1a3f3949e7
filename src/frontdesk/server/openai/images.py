"""Images in the messages of OpenAI's protocols: those of the last one are taken out of it, for this
turn only, and a mark stands for each image in all of them. Pure functions.
"""

from collections.abc import Sequence
from typing import Any

from frontdesk.contract.text import IMAGE
from frontdesk.contract.turns import Item
from frontdesk.server.images import image_part, image_url, too_many
from frontdesk.server.openai.chat_bodies import ChatMessage, Part
from frontdesk.server.openai.errors import Refused, refused

DETAILS = ("auto", "low", "high")


def items_without(given: object, most: int) -> tuple[object, tuple[Item, ...]]:
    """The `input` of a request for a response with its images marked, and those that are shown.
    Where none are allowed it stays as it is.

    Raises:
        Refused: an image is of another form, or there are too many.
    """
    if not (most and isinstance(given, list)):
        return given, ()
    param = f"input[{len(given) - 1}].content"
    shown = tuple(
        _image(part.get("image_url"), part.get("detail"), f"{param}[{number}]")
        for number, part in enumerate(_parts(given[-1]) if given else ())
        if _is_image(part)
    )
    _check_count(shown, most, param)
    return [_marked_item(item) for item in given], shown


def messages_without(
    messages: Sequence[ChatMessage], most: int
) -> tuple[list[ChatMessage], tuple[Item, ...]]:
    """The messages of a chat completion likewise.

    Raises:
        Refused: an image is of another form, or there are too many.
    """
    if not most:
        return list(messages), ()
    last, param = messages[-1], f"messages[{len(messages) - 1}].content"
    parts = last.content if last.role == "user" and isinstance(last.content, list) else []
    shown = tuple(
        _image(given.get("url"), given.get("detail"), f"{param}[{number}]")
        for number, part in enumerate(parts)
        if part.type == "image_url"
        for given in [part.image_url or {}]
    )
    _check_count(shown, most, param)
    return [_marked_message(message) for message in messages], shown


def _parts(item: object) -> list[Any]:
    """The parts of a message of the user."""
    content = item.get("content") if isinstance(item, dict) and item.get("role") == "user" else None
    return content if isinstance(content, list) else []


def _is_image(part: object) -> bool:
    return isinstance(part, dict) and part.get("type") == "input_image"


def _marked_item(item: Any) -> Any:
    if not any(map(_is_image, _parts(item))):
        return item
    mark = {"type": "input_text", "text": IMAGE}
    return {**item, "content": [mark if _is_image(part) else part for part in item["content"]]}


def _marked_message(message: ChatMessage) -> ChatMessage:
    if message.role != "user" or not isinstance(message.content, list):
        return message
    mark = Part(type="text", text=IMAGE)
    parts = [mark if part.type == "image_url" else part for part in message.content]
    return message.model_copy(update={"content": parts})


def _image(url: object, detail: object, param: str) -> Item:
    if detail is not None and detail not in DETAILS:
        raise _wrong(f"'detail' is one of {', '.join(DETAILS)}.", param)
    try:
        return image_part(image_url(url if isinstance(url, str) else ""), str(detail or "auto"))
    except ValueError as wrong:
        raise _wrong(f"{wrong}.", param) from None


def _check_count(shown: Sequence[Item], most: int, param: str) -> None:
    if words := too_many(len(shown), most):
        raise refused(words, param, "invalid_value")


def _wrong(words: str, param: str) -> Refused:
    return refused(f"Invalid '{param}': {words}", param, "invalid_value")
