"""Request bodies as OpenAI takes them: unknown fields are ignored, wrong ones are a 400 that names
the place.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.requests import Request

from frontdesk.contract.errors import InvalidRequest
from frontdesk.server.bodies import read_object
from frontdesk.server.openai.errors import Refused, missing, refused
from frontdesk.server.reception import reception

UNREADABLE = "We could not parse the JSON body of your request."
MOST_DEPTH = 100
CODES = {"string_too_long": "string_above_max_length", "too_long": "array_above_max_length"}
Body = TypeVar("Body", bound="Lenient")


class Lenient(BaseModel):
    """A body that ignores what it does not name."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True, hide_input_in_errors=True)


async def read_body(request: Request) -> dict[str, Any]:
    """The body as a JSON object; a missing one is empty.

    Raises:
        Refused: it is not a JSON object in UTF-8, or nested too deeply.
        UnsupportedMedia, PayloadTooLarge: as `read_object` says.
    """
    headers = request.headers
    if "transfer-encoding" not in headers and headers.get("content-length", "0") == "0":
        return {}
    try:
        data = await read_object(request, reception(request).max_body_bytes)
    except InvalidRequest:
        raise refused(UNREADABLE) from None
    _check_depth(data)
    return data


def checked(kind: type[Body], data: Mapping[str, Any]) -> Body:
    """The body as its model.

    Raises:
        Refused: a field is missing or wrong.
    """
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)
        # Of the forms that a field may have, the one that got furthest is the one that was meant.
        worst = max(found, key=lambda each: len(each["loc"]))
        raise _refusal(worst["type"], worst["msg"], worst["loc"], data) from None


def _check_depth(data: object) -> None:
    """Schemas are taken as they come, and written again on their way to a model: what is read more
    deeply nested than can be written must not get there.
    """
    level = [data]
    for _ in range(MOST_DEPTH):
        level = [below for each in level for below in _below(each)]
        if not level:
            return
    raise refused(f"The body is nested too deeply: {MOST_DEPTH} levels at most.")


def _below(data: object) -> Iterable[object]:
    if isinstance(data, dict):
        return data.values()
    return data if isinstance(data, list) else ()


def _refusal(kind: str, words: str, place: Sequence[int | str], data: object) -> Refused:
    param = _named(place, data)
    if kind == "missing":
        return missing(param)
    words = words.removeprefix("Value error, ")
    if kind.endswith("_type"):
        return refused(f"Invalid type for '{param}': {words}.", param, "invalid_type")
    return refused(f"Invalid '{param}': {words}.", param, CODES.get(kind, "invalid_value"))


def _named(place: Sequence[int | str], data: Any) -> str:
    """A place in the body, as `messages[0].content`. What pydantic names of its own, such as the
    member of a union that it tried, is not in the body.
    """
    name = ""
    for index, part in enumerate(place):
        last = index == len(place) - 1
        if isinstance(part, int) and isinstance(data, list):
            name, data = f"{name}[{part}]", data[part]
        elif isinstance(data, dict) and (part in data or last):
            name, data = f"{name}.{part}".lstrip("."), data.get(part)
    return name
