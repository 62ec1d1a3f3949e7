"""The window of a history as it comes from Redis: opened, read, and what cannot be read told."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from frontdesk.contract.errors import BrokenRecord, StoreUnreadable
from frontdesk.contract.turns import TurnRecord
from frontdesk.sessions.schema import dump_stored, load_turns, unreadable
from frontdesk.sessions.sealing import Seal

LOCKED = dump_stored(TurnRecord("unreadable", "failed", "", "", "", code=StoreUnreadable.code))


@dataclass(frozen=True, slots=True)
class History:
    """Turns in their order. `broken` are places and bytes of those that nobody can read; `locked`
    says which key is missing for others.
    """

    records: tuple[TurnRecord, ...]
    broken: tuple[tuple[int, bytes], ...] = ()
    locked: StoreUnreadable | None = None


def read_history(seal: Seal, raw: Sequence[bytes], places: Iterable[int]) -> History:
    """The turns that Redis holds at these places, counted from the session's first turn."""
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
        (place, raw[at])
        for at, (place, record) in enumerate(zip(places, records, strict=True))
        if record.code == BrokenRecord.code and unreadable(opened[at])
    )
    return History(records, broken, locked)


def read_turns(seal: Seal, raw: Sequence[bytes]) -> tuple[TurnRecord, ...]:
    """Turns for people: one that nobody can read says so in its place.

    Raises:
        StoreUnreadable: a key is missing.
    """
    history = read_history(seal, raw, range(len(raw)))
    if history.locked:
        raise history.locked
    return history.records
