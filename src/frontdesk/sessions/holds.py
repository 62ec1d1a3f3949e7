"""Who runs a turn: the hold on a session, with all that its holder needs."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeAlias, get_args

from frontdesk.contract.cancellation import Cancellation, CancelMode
from frontdesk.contract.context import Ledger
from frontdesk.contract.errors import BrokenRecord, Fenced, FrontdeskError, StoreUnreadable
from frontdesk.contract.facts import Fact
from frontdesk.contract.messages import Caller, Message
from frontdesk.contract.turns import GuardrailNote, SessionTotals, TurnRecord
from frontdesk.sessions.facts import read_facts
from frontdesk.sessions.history import read_history
from frontdesk.sessions.pins import distinct, marked, read_pins
from frontdesk.sessions.schema import dump_stored, load_stored
from frontdesk.sessions.sealing import Seal
from frontdesk.sessions.summaries import Summary, read_summary
from frontdesk.sessions.window import View, shown

Lost: TypeAlias = BrokenRecord | StoreUnreadable | None
"""Why something could not be read, if so."""

NOWHERE = -1
"""The place of a broken record that is not of the history."""


CANCEL_MODES: Mapping[bytes, CancelMode] = {mode.encode(): mode for mode in get_args(CancelMode)}


@dataclass(frozen=True, slots=True)
class Hold:
    """The right to run one turn, until it is committed or another process takes it over.

    `message` carries the guarded text and the session's id. `history` is the window, oldest first,
    as `view` says that models see it, and `window_start` its place in the session, counted from
    the first turn; before it stand pinned turns, `early` of them. `summary` tells of what is no
    longer in the window; `spent` is what making summaries has used, for `with_summaries`.
    `agent_turns` counts the turns that `agent` has answered since it took the session, the first
    one included. `tries` counts takeovers: 0 for a turn that starts for the first time. `due` is
    when the lease ends unless renewed, in seconds since the epoch. `broken` are places and bytes of
    history that cannot be read: the turn must say so, and its commit sets them aside. `unreadable`
    is why it must not run now: it would not know what is sealed with a missing key. `acted` says
    that an earlier try has begun to change something in the world. A turn that has waited for a
    person was `paused` after the event of this id; it `lapsed` when nobody decided in time. It
    is `prompt` where it begins with its request, whose credential has just been checked.
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
    early: int = 0
    summary: Summary | None = None
    spent: bytes | None = None
    paused: str = ""
    lapsed: bool = False
    unreadable: FrontdeskError | None = field(default=None, compare=False)
    prompt: bool = False

    @property
    def turn_id(self) -> str:
        """The id of the turn."""
        return self.message.turn_id

    def taken_over(self) -> Fenced:
        """What is raised where another process has the turn by now."""
        return Fenced("Another process has taken this turn over.", turn_id=self.turn_id)


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
    tainted: bool = False

    def ledger(self) -> Ledger:
        """The ledger of its turn as far as it got."""
        tenant, notes = self.message.caller.tenant, list(self.notes)
        known = {"started": self.started, "notes": notes, "tainted": self.tainted}
        return Ledger.of(tenant, self.message.text, **known)


def dump_admitted(seal: Seal, message: Message, ledger: Ledger) -> bytes:
    """The message and the notes about it, for whoever runs its turn."""
    admitted = Admitted(message, ledger.started, tuple(ledger.notes), ledger.tainted)
    return seal.seal(dump_stored(admitted))


def load_admitted(seal: Seal, data: bytes) -> Admitted:
    """The message as it waits.

    Raises:
        BrokenRecord: it cannot be read.
        StoreUnreadable: its key is missing.
    """
    return load_stored(Admitted, seal.open(data))


def read_hold(seal: Seal, session_id: str, holder: str, due: float, answer: Sequence[Any]) -> Hold:
    """The hold from the scripts' answer `run`; `seal` is the owner's."""
    _, turn, record, state, window_start, window, facts, beside = answer
    payload, tries, acted, cancel, paused, lapsed = record
    fence, agent, agent_turns, totals, stored = state
    view = load_stored(View, stored) if stored else View()
    (pins, stored_summary, spent), (places, early) = beside[:3], beside[3:] or ((), ())
    known = (*places, *range(window_start, window_start + len(window)))
    history = read_history(seal, (*early, *window), known)
    admitted, lost = _admitted(seal, payload, turn.decode(), session_id)
    user_facts, closed = _facts(seal, facts)
    summary, hidden = _summary(seal, stored_summary)
    return Hold(
        seal.owner,
        session_id,
        admitted.message,
        admitted.message.text,
        int(fence),
        holder,
        _shown(history.records, len(early), window_start, view, read_pins(pins)),
        agent.decode() if agent else None,
        int(agent_turns or 0),
        load_stored(SessionTotals, totals) if totals else SessionTotals(),
        window_start,
        int(tries or 0),
        due,
        (*history.broken, (NOWHERE, payload)) if lost else history.broken,
        admitted.ledger(),
        acted is not None,
        Cancellation(CANCEL_MODES[cancel] if cancel else None),
        user_facts,
        view,
        len(early),
        summary,
        spent,
        paused.decode() if paused else "",
        lapsed is not None,
        history.locked or hidden or closed or (lost if isinstance(lost, StoreUnreadable) else None),
    )


def _admitted(seal: Seal, payload: bytes, turn_id: str, session_id: str) -> tuple[Admitted, Lost]:
    """The message, or an empty one in its place, and why."""
    try:
        return load_admitted(seal, payload), None
    except (BrokenRecord, StoreUnreadable) as error:
        nobody = Message(turn_id, Caller("", ""), "", session_id)
        return Admitted(nobody, time.time(), ()), error


def _facts(seal: Seal, raw: Sequence[bytes]) -> tuple[tuple[Fact, ...], Lost]:
    """The facts, or none, and why."""
    try:
        return read_facts(seal.open_all(raw)), None
    except (BrokenRecord, StoreUnreadable) as error:
        return (), error


def _summary(seal: Seal, stored: bytes | None) -> tuple[Summary | None, Lost]:
    """The summary, or none, and which key is missing for it."""
    try:
        return read_summary(seal, stored), None
    except StoreUnreadable as error:
        return None, error


def _shown(
    history: Sequence[TurnRecord], early: int, start: int, view: View, pins: Iterable[int]
) -> tuple[TurnRecord, ...]:
    """The history as models see it; the pinned turns before the window are its first `early`."""
    window = shown(marked(history[early:], start, pins), start, view)
    if not early:
        return window
    pinned = (replace(record, pinned=True) for record in history[:early])
    return (*distinct(pinned, window), *window)
