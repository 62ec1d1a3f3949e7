"""Who runs a turn: the hold on a session, with all that its holder needs."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from frontdesk.contract.cancellation import Cancellation, CancelMode
from frontdesk.contract.context import Ledger
from frontdesk.contract.errors import BrokenRecord
from frontdesk.contract.facts import Fact
from frontdesk.contract.messages import Caller, Message
from frontdesk.contract.turns import GuardrailNote, SessionTotals, TurnRecord
from frontdesk.sessions.facts import read_facts
from frontdesk.sessions.schema import dump_stored, load_stored, load_turns, unreadable
from frontdesk.sessions.window import View, shown

NOWHERE = -1
"""The place of a broken record that is not of the history."""

CANCEL_MODES: Mapping[bytes, CancelMode] = {mode.encode(): mode for mode in get_args(CancelMode)}


@dataclass(frozen=True, slots=True)
class Hold:
    """The right to run one turn, until it is committed or another process takes it over.

    `message` carries the guarded text and the session's id. `history` is the window, oldest first,
    as `view` says that models see it, and `window_start` its place in the session, counted from
    the first turn. `agent_turns` counts
    the turns that `agent` has answered since it took the session, the first one included. `tries`
    counts takeovers: 0 for a turn that starts for the first time. `due` is when the lease ends
    unless renewed, in seconds since the epoch. `broken` are places and bytes of history that cannot
    be read: the turn must say so, and its commit sets them aside. `acted` says that an earlier try
    has begun to change something in the world.
    """

    owner: str
    session_id: str
    message: Message
    text: str
    fence: int
    holder: str
    history: tuple[TurnRecord, ...] = ()
    agent: str | None = None
    agent_turns: int = 0
    totals: SessionTotals = field(default_factory=SessionTotals)
    window_start: int = 0
    tries: int = 0
    due: float = 0.0
    broken: tuple[tuple[int, bytes], ...] = ()
    ledger: Ledger = field(default_factory=Ledger)
    acted: bool = False
    cancellation: Cancellation = field(default_factory=Cancellation, compare=False)
    user_facts: tuple[Fact, ...] = ()
    view: View = field(default_factory=View)

    @property
    def turn_id(self) -> str:
        """The id of the turn."""
        return self.message.turn_id


@dataclass(frozen=True, slots=True)
class Begun:
    """What became of a message: its turn runs (`hold`), waits at `position` (from 1), was known
    already, or has ended.
    """

    state: Literal["started", "queued", "duplicate", "ended"]
    turn_id: str
    session_id: str
    position: int = 0
    hold: Hold | None = None


@dataclass(frozen=True, slots=True)
class Admitted:
    """A message as it waits: with the identity it was admitted with, and what was noted so far."""

    message: Message
    started: float
    notes: tuple[GuardrailNote, ...]

    def ledger(self) -> Ledger:
        """The ledger of its turn as far as it got."""
        tenant, notes = self.message.caller.tenant, list(self.notes)
        return Ledger.of(tenant, self.message.text, started=self.started, notes=notes)


def dump_admitted(message: Message, ledger: Ledger) -> bytes:
    """The message and the notes about it, for whoever runs its turn."""
    return dump_stored(Admitted(message, ledger.started, tuple(ledger.notes)))


def load_admitted(data: bytes) -> Admitted:
    """The message as it waits.

    Raises:
        BrokenRecord: it cannot be read.
    """
    return load_stored(Admitted, data)


def read_hold(owner: str, session_id: str, holder: str, due: float, answer: Sequence[Any]) -> Hold:
    """The hold from the scripts' answer `run`."""
    _, turn, (payload, tries, acted, cancel), state, window_start, raw, facts = answer
    fence, agent, agent_turns, totals, stored = state
    view = load_stored(View, stored) if stored else View()
    history = load_turns(raw)
    broken = [
        (place, element)
        for place, (element, record) in enumerate(zip(raw, history, strict=True), window_start)
        if record.code == BrokenRecord.code and unreadable(element)
    ]
    try:
        admitted = load_admitted(payload)
    except BrokenRecord:
        admitted = Admitted(Message(turn.decode(), Caller("", ""), "", session_id), time.time(), ())
        broken.append((NOWHERE, payload))
    return Hold(
        owner,
        session_id,
        admitted.message,
        admitted.message.text,
        int(fence),
        holder,
        shown(history, window_start, view),
        agent.decode() if agent else None,
        int(agent_turns or 0),
        load_stored(SessionTotals, totals) if totals else SessionTotals(),
        window_start,
        int(tries or 0),
        due,
        tuple(broken),
        admitted.ledger(),
        acted is not None,
        Cancellation(CANCEL_MODES[cancel] if cancel else None),
        read_facts(facts),
        view,
    )
