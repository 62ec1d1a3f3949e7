"""Versions of what is stored for long: an older record is brought up to date when it is read, one
that cannot be read is told from the others.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, TypeVar

import msgspec
import orjson

from frontdesk.contract.errors import BrokenRecord
from frontdesk.contract.turns import TurnRecord
from frontdesk.sessions.codec import dump, load
from frontdesk.sessions.window import estimate_tokens

Data = dict[str, Any]
Value = TypeVar("Value")

VERSION = 1
_CURRENT = b'{"v":%d,' % VERSION
_TURN = msgspec.json.Decoder(TurnRecord)


def dump_stored(value: object) -> bytes:
    """The value as JSON, with the version of its schema."""
    return versioned(dump(value))


def versioned(data: bytes) -> bytes:
    """What `dump` made of a value, with the version of its schema."""
    return _CURRENT + data[1:]


def load_stored(kind: type[Value], raw: bytes) -> Value:
    """The value of any version up to ours, or of a newer one as far as we understand it.

    Raises:
        BrokenRecord: it is not JSON, or not of this kind.
    """
    try:
        return load(kind, raw if raw.startswith(_CURRENT) else _up_to_date(kind, raw))
    except ValueError:  # of orjson and pydantic; their words would quote what is stored
        raise BrokenRecord(
            f"A stored {kind.__name__} could not be read; see docs/operations.md."
        ) from None


def load_turns(raw: Sequence[bytes]) -> tuple[TurnRecord, ...]:
    """Turns of the history, each as `load_turn` reads it; all at once where all are ours, which
    msgspec does in less than half of pydantic's time. What it refuses, pydantic judges.
    """
    with suppress(msgspec.MsgspecError, ValueError, RecursionError):
        if all(element.startswith(_CURRENT) for element in raw):
            return tuple(map(_TURN.decode, raw))
    return tuple(load_turn(element) for element in raw)


def load_turn(raw: bytes) -> TurnRecord:
    """A turn of the history; for one that cannot be read, a record that says so in its place."""
    try:
        return load_stored(TurnRecord, raw)
    except BrokenRecord as error:
        return TurnRecord("unreadable", "failed", "", "", "", code=error.code)


def unreadable(raw: bytes) -> bool:
    """Whether a turn of the history must be set aside. A newer version's is for newer processes."""
    try:
        load_stored(TurnRecord, raw)
    except BrokenRecord:
        return _version(raw) <= VERSION
    return False


def _up_to_date(kind: type[Any], raw: bytes) -> bytes:
    data = orjson.loads(raw)
    if not isinstance(data, dict):
        raise ValueError("not an object")
    steps = _STEPS.get(kind, ())
    for step in steps[data.get("v", 0) :]:
        data = step(data)
    return orjson.dumps(data)


def _version(raw: bytes) -> int:
    try:
        data = orjson.loads(raw)
    except ValueError:
        return 0
    version = data.get("v", 0) if isinstance(data, dict) else 0
    return version if isinstance(version, int) else 0


def _with_tokens(data: Data) -> Data:
    """Version 0 did not always count; an uncounted turn would never leave the window."""
    return {"tokens": estimate_tokens(data.get("items", ())), **data}


_STEPS: Mapping[type[Any], tuple[Callable[[Data], Data], ...]] = {TurnRecord: (_with_tokens,)}
"""What makes version n + 1 of version n, from 0 on."""
