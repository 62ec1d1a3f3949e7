"""Items of the Responses and Conversations APIs: what a client gives, checked and completed, and
what models are shown of it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from frontdesk.contract.turns import Item
from frontdesk.server.openai.errors import Refused, missing, refused

OUTPUT, INPUT = "output_text", "input_text"
TEXTS = {INPUT: "text", OUTPUT: "text", "text": "text", "refusal": "refusal"}
"""Kinds of parts that are text, and the field that holds it."""
ABOVE = ("system", "developer")
ROLES = ("user", "assistant", *ABOVE)
ONLY_TEXT = (
    "only parts of text are taken, no images or files. Messages of the user in `input` may hold "
    "images where the server's FRONTDESK_IMAGES is set."
)
MOST_ITEMS = 2048

Fields: TypeAlias = dict[str, Any]
References: TypeAlias = Mapping[str, Item]
"""Items that may be referred to, by id."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands in a request, and the id that it gets if it is an item."""

    param: str
    stem: str = ""

    def refused(self, words: str, code: str = "invalid_value") -> Refused:
        """A 400 that names the place."""
        return refused(f"Invalid '{self.param}': {words}", self.param, code)

    def of(self, name: str) -> "Place":
        """The place of a field."""
        return Place(f"{self.param}.{name}")


def given_items(given: object, stem: str, known: References, param: str) -> tuple[Item, ...]:
    """The items of a request, each with an id made of the `stem` and its number.

    Raises:
        Refused: one has not the shape that it should, or refers to what is not `known`.
    """
    if isinstance(given, str):
        given = [{"role": "user", "content": given}]
    if not isinstance(given, list):
        raise refused(f"Invalid type for '{param}': expected a list.", param, "invalid_type")
    if len(given) > MOST_ITEMS:
        raise Place(param).refused(f"at most {MOST_ITEMS} items.", "array_above_max_length")
    return tuple(
        _item(each, Place(f"{param}[{number}]", f"{stem}{number}"), known)
        for number, each in enumerate(given)
    )


def wire_item(item: Item) -> Item | None:
    """An item as models are shown it: without ids and states, which any other server's would be;
    None for what only its own server can read.
    """
    match item["type"]:
        case "message":
            kind = OUTPUT if item["role"] == "assistant" else INPUT
            content = [{"type": kind, "text": text_of(item)}]
            return {"type": "message", "role": item["role"], "content": content}
        case "function_call":
            return {"type": "function_call", **{name: item[name] for name in CALL_FIELDS}}
        case "function_call_output":
            output = said_in(item["output"])
            return {"type": item["type"], "call_id": item["call_id"], "output": output}
    return None


def text_of(item: Item) -> str:
    """The text of a message."""
    return said_in(item["content"])


def said_in(content: object) -> str:
    """A text, or the text of a list of parts."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, Sequence) else ()
    return "\n".join(part[TEXTS[part["type"]]] for part in parts)


def with_text(item: Item, text: str) -> Item:
    """A message or output of a tool with another text."""
    if item["type"] == "function_call_output":
        return {**item, "output": text}
    if item["type"] == "function_call":
        return {**item, "arguments": text}
    kind = OUTPUT if item["role"] == "assistant" else INPUT
    return {**item, "content": [text_part(kind, text)]}


def text_part(kind: str, text: str) -> Item:
    """A part of a message."""
    part = {"type": kind, "text": text}
    return {**part, "annotations": [], "logprobs": []} if kind == OUTPUT else part


def check_calls(items: Sequence[Item]) -> None:
    """Every call of a client's tool needs its output, and every output a call before it.

    Raises:
        Refused: one is alone.
    """
    waiting: dict[str, None] = {}
    for item in items:
        if item["type"] == "function_call":
            waiting[item["call_id"]] = None
        elif item["type"] == "function_call_output":
            call_id = item["call_id"]
            if call_id not in waiting:
                words = f"No tool call found for function call output with call_id {call_id}."
                raise refused(words, "input")
            del waiting[call_id]
    if waiting:
        raise refused(f"No tool output found for function call {next(iter(waiting))}.", "input")


def _item(given: object, place: Place, known: References) -> Item:
    if not isinstance(given, dict):
        raise place.refused("expected an object.", "invalid_type")
    kind = str(given.get("type", "message"))
    if kind == "item_reference":
        return _referred(given, place, known)
    if kind not in KINDS:
        words = f"the type is none of {', '.join(map(repr, KINDS))}."
        raise place.refused(words)
    return KINDS[kind](given, place)


def _message(given: Fields, place: Place) -> Item:
    role = given.get("role")
    if role not in ROLES:
        supported = ", ".join(map(repr, ROLES))
        raise place.of("role").refused(f"supported values are: {supported}.")
    kind = OUTPUT if role == "assistant" else INPUT
    content = _content(given.get("content"), kind, place.of("content"))
    phase = {"phase": given["phase"]} if isinstance(given.get("phase"), str) else {}
    base = {"id": f"msg_{place.stem}", "type": "message", "status": "completed", "role": role}
    return {**base, **phase, "content": content}


def _content(given: object, kind: str, place: Place) -> list[Item]:
    if isinstance(given, str):
        return [text_part(kind, _plain(given, place))]
    if given is None:
        raise missing(place.param)
    if not isinstance(given, list):
        raise place.refused("expected a string or a list of parts.", "invalid_type")
    return [_part(each, kind, Place(f"{place.param}[{n}]")) for n, each in enumerate(given)]


def _part(given: object, kind: str, place: Place) -> Item:
    found = str(given.get("type")) if isinstance(given, dict) else ""
    if not isinstance(given, dict) or found not in TEXTS:
        raise place.refused(ONLY_TEXT)
    text = _plain(given.get(TEXTS[found]), place.of(TEXTS[found]))
    if found == "refusal":
        return {"type": "refusal", "refusal": text}
    return text_part(kind, text)


def _call(given: Fields, place: Place) -> Item:
    fields = {name: _plain(given.get(name), place.of(name)) for name in CALL_FIELDS}
    return {"id": f"fc_{place.stem}", "type": "function_call", "status": "completed", **fields}


def _output(given: Fields, place: Place) -> Item:
    call_id = _plain(given.get("call_id"), place.of("call_id"))
    output = given.get("output")
    if not isinstance(output, str):
        output = _content(output, INPUT, place.of("output"))
    else:
        _plain(output, place.of("output"))
    kind = "function_call_output"
    base = {"id": f"fco_{place.stem}", "type": kind, "status": "completed"}
    return {**base, "call_id": call_id, "output": output}


def _reasoning(given: Fields, place: Place) -> Item:
    kept: Fields = {n: given[n] for n in ("content", "encrypted_content") if n in given}
    base: Fields = {"id": f"rs_{place.stem}", "type": "reasoning"}
    return {**base, "summary": given.get("summary") or [], **kept}


def _search(given: Fields, place: Place) -> Item:
    kept = {name: given.get(name) for name in ("queries", "results", "status")}
    return {"id": f"fs_{place.stem}", "type": "file_search_call", **kept}


def _referred(given: Fields, place: Place, known: References) -> Item:
    item_id = _plain(given.get("id"), place.of("id"))
    if item_id not in known:
        raise refused(f"Item with id '{item_id}' not found.", place.param)
    found = known[item_id]
    prefix = str(found["id"]).partition("_")[0]
    return {**found, "id": f"{prefix}_{place.stem}"}


def _plain(given: object, place: Place) -> str:
    if given is None:
        raise missing(place.param)
    if not isinstance(given, str):
        raise place.refused("expected a string.", "invalid_type")
    if "\0" in given:
        raise place.refused("it must not hold U+0000.")
    return given


CALL_FIELDS = ("call_id", "name", "arguments")
KINDS: Mapping[str, Callable[[Fields, Place], Item]] = {
    "message": _message,
    "function_call": _call,
    "function_call_output": _output,
    "reasoning": _reasoning,
    "file_search_call": _search,
}
