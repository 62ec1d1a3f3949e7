"""The window: the part of a session's history that its models are shown."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from frontdesk.contract.context import Ledger
from frontdesk.contract.turns import Item, TurnRecord
from frontdesk.sessions.codec import dump
from frontdesk.sessions.previews import LONG_BYTES, handle_of, preview

BYTES_PER_TOKEN = 4
MARGIN = 1.25  # languages and code need up to this much more than a token per four bytes
LEAST_FACTOR, MOST_FACTOR = 0.5, 2.0


@dataclass(frozen=True, slots=True)
class View:
    """How the window is shown: turns before the place `shrunk`, counted from the session's first,
    with previews for their long tool outputs. `factor` is what estimates are multiplied by, learnt
    from what the models counted.
    """

    shrunk: int = 0
    factor: float = 1.0


def estimate_tokens(items: Sequence[object]) -> int:
    """How many tokens the items take, counted rather too high than too low."""
    if not items:
        return 0
    return math.ceil(len(dump(items)) / BYTES_PER_TOKEN * MARGIN)


def calibrated(factor: float, ledger: Ledger) -> float:
    """The factor after a turn: half way from the old one to what its model calls were counted as,
    within bounds, so that one odd count moves little.
    """
    exact = sum(call.input_tokens for call in ledger.calls if not call.estimated)
    if not (exact and ledger.estimated_tokens):
        return factor
    measured = min(max(exact / ledger.estimated_tokens, LEAST_FACTOR), MOST_FACTOR)
    return round((factor + measured) / 2, 3)


def shown(records: Iterable[TurnRecord], start: int, view: View) -> tuple[TurnRecord, ...]:
    """The records from the place `start` on, as models see them."""
    if view.shrunk <= start:
        return tuple(records)
    return tuple(
        shrunk(record) if place < view.shrunk else record
        for place, record in enumerate(records, start)
    )


def shrunk(record: TurnRecord) -> TurnRecord:
    """The turn with a preview and a handle in place of each long tool output. The list keeps it
    whole, for people and for whoever reads on. A pinned turn stays as it is.
    """
    if record.pinned or not any("output" in item for item in record.items):
        return record
    items = tuple(_shortened(item, record.id) for item in record.items)
    if items == record.items:
        return record
    return replace(record, items=items, tokens=estimate_tokens(items))


def lowered(history: Sequence[TurnRecord], budget: int) -> tuple[TurnRecord, ...]:
    """What is left of a window that a model could not take: half of it, and at most half of the
    budget.
    """
    return _newest_of(_aged(history), min(budget, _size(history)) / 2)


def narrowed(history: Sequence[TurnRecord], budget: int | None) -> tuple[TurnRecord, ...]:
    """What an agent with a budget of its own sees of the window.

    It is cut as the window is, turn by turn again from the window's start, so that it moves as
    rarely and far without anything being stored for it.
    """
    seen: tuple[TurnRecord, ...] = ()
    if budget is None:
        return tuple(history)
    for record in history:
        if record.tokens + _size(seen) > budget:
            seen = _newest_of(_aged(seen), budget / 2 - record.tokens)
        seen = (*seen, record)
    return seen


def next_window(
    start: int,
    view: View,
    history: Sequence[TurnRecord],
    newest: TurnRecord,
    budget: int,
    *,
    early: int = 0,
    overflowed: bool = False,
) -> tuple[int, View]:
    """Where the window starts after a turn, and how it is shown. Nothing moves within the budget of
    tokens; when over, the oldest go until half the budget remains, between turns, never the
    newest nor pinned ones, and of the others all but the last two shrink: room that makes the next
    move later. The first `early` turns of the history are pinned ones from before the window.
    After a turn that `overflowed` it moves to where the turn's second try stood.

    It moves rarely and far, because each move makes the provider's prompt cache start anew.
    """
    allowance = budget / view.factor
    kept = lowered(history, budget) if overflowed else tuple(history)
    if newest.tokens + _size(kept) > allowance:
        kept = _newest_of(kept, allowance / 2 - newest.tokens)
    elif not overflowed:
        return start, view
    edge = start + len(history) - early - 1
    moved = max(_place_after(history, len(history) - len(kept)) - early, 0)
    return start + moved, replace(view, shrunk=max(edge, view.shrunk))


def _aged(history: Sequence[TurnRecord]) -> list[TurnRecord]:
    """All shrunk but the last one, which with the turn that follows it stays whole."""
    return [*map(shrunk, history[:-1]), *history[-1:]]


def _newest_of(records: Sequence[TurnRecord], allowance: float) -> tuple[TurnRecord, ...]:
    """The newest turns that fit into the allowance of tokens, and all pinned ones."""
    first, total = len(records), _size(record for record in records if record.pinned)
    for place in reversed(range(len(records))):
        total += 0 if records[place].pinned else records[place].tokens
        if total > allowance:
            break
        first = place
    return tuple(r for place, r in enumerate(records) if place >= first or r.pinned)


def _place_after(history: Sequence[TurnRecord], dropped: int) -> int:
    """The place behind so many turns that are not pinned."""
    free = [place for place, record in enumerate(history) if not record.pinned]
    return free[dropped - 1] + 1 if dropped else 0


def _size(records: Iterable[TurnRecord]) -> int:
    return sum(record.tokens for record in records)


def _shortened(item: Item, turn_id: str) -> Item:
    output = item.get("output")
    if not isinstance(output, str) or len(output.encode(errors="replace")) <= LONG_BYTES:
        return item
    return {**item, "output": preview(output, handle_of(turn_id, str(item.get("call_id"))))}
