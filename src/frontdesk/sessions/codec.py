"""Contract values as JSON and back, by their type annotations."""

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, TypeVar, cast, get_args

import orjson
from pydantic import TypeAdapter

from frontdesk.contract.events import Event, TurnEnded
from frontdesk.contract.turns import TurnResult

Value = TypeVar("Value")


def dump(value: object) -> bytes:
    """A dataclass, or JSON-like data with dataclasses in it, as JSON. Half a character, which a
    model may write and UTF-8 cannot hold, becomes a question mark.
    """
    try:
        return orjson.dumps(value, default=_plain)
    except orjson.JSONEncodeError:
        return json.dumps(value, default=_plain, ensure_ascii=False).encode("utf-8", "replace")


def load(kind: type[Value], data: bytes | str) -> Value:
    """The dataclass `kind` from its JSON; unknown fields are left out, missing ones take their
    default, so that neighbouring versions understand each other.
    """
    return cast("Value", _adapter(cast("Any", kind)).validate_json(data))


def dump_event(event: Event) -> tuple[str, bytes]:
    """An event as (kind, JSON); the data of the last one is the turn's result itself."""
    return event.kind, dump(event.result if isinstance(event, TurnEnded) else event)


def load_event(kind: str, data: bytes) -> Event:
    """The event that `dump_event` wrote."""
    known = _event_kinds().get(kind)
    if known:
        return load(known, data)
    result = load(TurnResult, data)
    return TurnEnded(result.turn_id, result)


def _plain(value: object) -> object:
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, Mapping):
        return dict(value)
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    raise TypeError(f"no JSON for {type(value).__name__}")


@cache
def _event_kinds() -> dict[str, type[Event]]:
    return {kind.kind: kind for kind in get_args(Event) if kind is not TurnEnded}


@cache
def _adapter(kind: type[Any]) -> TypeAdapter[Any]:
    return TypeAdapter(kind)
