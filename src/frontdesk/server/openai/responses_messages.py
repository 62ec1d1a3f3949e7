"""The items of a request as the message that asks for a turn. Pure functions."""

from collections.abc import Sequence
from dataclasses import dataclass

from frontdesk.contract.messages import Message
from frontdesk.contract.turns import Item
from frontdesk.server.openai.errors import refused
from frontdesk.server.openai.items import (
    ABOVE,
    check_calls,
    said_in,
    text_of,
    wire_item,
    with_text,
)

OUTPUTS = "function_call_output"
WITHHELD = "[instructions withheld]"
MOST_BEFORE = 1000


@dataclass(frozen=True, slots=True)
class Asking:
    """What a request says: `text` is the new message, empty where the last items are outputs of the
    client's tools; `context` the items before it, in wire form; `instructions` what stands above
    them. `places` are those of the request's own items that are in the context; `asks` is the place
    of the one that is the text, None where there is none.
    """

    text: str
    context: tuple[Item, ...]
    instructions: str
    places: tuple[int, ...]
    asks: int | None


def asking(before: Sequence[Item], own: Sequence[Item], instructions: str | None) -> Asking:
    """The request's own items after those `before` them, taken apart.

    Raises:
        Refused: nobody asks, or calls of tools and their outputs do not fit together.
    """
    check_calls([*before, *own])
    asks = _asks(own)
    if asks is not None and not text_of(own[asks]).strip():
        raise refused("Invalid 'input': the message is empty.", "input", "invalid_value")
    above = [text_of(item) for item in (*before, *own) if _is_above(item)]
    places = tuple(
        place
        for place, item in enumerate(own)
        if place != asks and not _is_above(item) and wire_item(item)
    )
    earlier = [wire_item(item) for item in before if not _is_above(item)]
    context = (*earlier, *(wire_item(own[place]) for place in places))
    return Asking(
        text_of(own[asks]) if asks is not None else "",
        tuple(item for item in context if item),
        "\n\n".join(text for text in (*above, instructions or "") if text.strip()),
        places,
        asks,
    )


def guarded(own: Sequence[Item], found: Asking, message: Message) -> tuple[Item, ...]:
    """The own items with the texts that the message has after the guardrails: nothing else of them
    may be kept.
    """
    items = list(own)
    if found.asks is not None:
        items[found.asks] = _with(items[found.asks], message.text)
    for spoken in (True, False):  # a turn may put a message before calls that it stood between
        places = [place for place in found.places if _is_spoken(own[place]) == spoken]
        shown = [item for item in message.context or () if _is_spoken(item) == spoken]
        for place, item in zip(places, shown[len(shown) - len(places) :], strict=True):
            items[place] = _with(items[place], _text(item))
    if message.instructions != found.instructions:
        items = [with_text(item, WITHHELD) if _is_above(item) else item for item in items]
    return tuple(items)


def recent(items: Sequence[Item]) -> tuple[Item, ...]:
    """The last items, from a message of the user on, and what stands above them all: more than
    these no model is shown, and no request needs to carry.
    """
    if len(items) <= MOST_BEFORE:
        return tuple(items)
    older, last = items[:-MOST_BEFORE], items[-MOST_BEFORE:]
    first = next((n for n, item in enumerate(last) if item.get("role") == "user"), len(last))
    return (*(item for item in (*older, *last[:first]) if _is_above(item)), *last[first:])


def _asks(own: Sequence[Item]) -> int | None:
    """The place of the item that asks."""
    said = [place for place, item in enumerate(own) if wire_item(item) and not _is_above(item)]
    last = own[said[-1]] if said else None
    if last is not None and last["type"] == OUTPUTS:
        return None
    if last is None or last.get("role") != "user":
        words = "Invalid 'input': it must end with a message of the user or with tool outputs."
        raise refused(words, "input", "invalid_value")
    return said[-1]


def _is_spoken(item: Item) -> bool:
    return "role" in item


def _is_above(item: Item) -> bool:
    return item.get("role") in ABOVE


def _with(item: Item, text: str) -> Item:
    return item if text == _text(item) else with_text(item, text)


def _text(item: Item) -> str:
    for name in ("arguments", "output", "content"):
        if name in item:
            return said_in(item[name])
    return ""
