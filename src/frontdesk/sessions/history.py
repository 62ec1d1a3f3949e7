"""The window of a history as it comes from Redis: opened, read, and what cannot be read told."""

from collections.abc import Sequence
from dataclasses import dataclass

from frontdesk.contract.errors import BrokenRecord, StoreUnreadable
from frontdesk.contract.turns import TurnRecord
from frontdesk.sessions.schema import dump_stored, load_turns, unreadable
from frontdesk.sessions.sealing import Seal

LOCKED = dump_stored(TurnRecord("unreadable", "failed", "", "", "", code=StoreUnreadable.code))


@dataclass(frozen=True, slots=True)
class History:
    """Turns, oldest first. `broken` are places, counted from the session's first turn, and bytes of
    those that nobody can read; `locked` says which key is missing for others.
    """

    records: tuple[TurnRecord, ...]
    broken: tuple[tuple[int, bytes], ...] = ()
    locked: StoreUnreadable | None = None


def read_history(seal: Seal, raw: Sequence[bytes], start: int) -> History:
    """The turns that Redis holds from the place `start` on."""
    opened, locked = list[bytes](), None
    for element in raw:
        try:
            opened.append(seal.open(element))
        except BrokenRecord:
            opened.append(b"")
        except StoreUnreadable as error:
            locked = error
            opened.append(LOCKED)
    records = load_turns(opened)
    broken = tuple(
        (place, raw[place - start])
        for place, record in enumerate(records, start)
        if record.code == BrokenRecord.code and unreadable(opened[place - start])
    )
    return History(records, broken, locked)


def read_turns(seal: Seal, raw: Sequence[bytes]) -> tuple[TurnRecord, ...]:
    """Turns for people: one that nobody can read says so in its place.

    Raises:
        StoreUnreadable: a key is missing.
    """
    history = read_history(seal, raw, 0)
    if history.locked:
        raise history.locked
    return history.records
