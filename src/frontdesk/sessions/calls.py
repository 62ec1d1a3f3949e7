"""What the scripts that end a turn are told: its result, its record, its last event."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from frontdesk.contract.cancellation import CancelMode
from frontdesk.contract.events import TurnCreated, TurnEnded
from frontdesk.contract.messages import Message
from frontdesk.contract.turns import TurnRecord, TurnResult
from frontdesk.sessions.codec import dump_event
from frontdesk.sessions.holds import Hold, load_admitted
from frontdesk.sessions.instants import rfc3339
from frontdesk.sessions.log import Entry, Unwritten
from frontdesk.sessions.schema import dump_stored, versioned
from frontdesk.sessions.scripts import Call, Scripts
from frontdesk.sessions.sealing import Seal
from frontdesk.sessions.totals import add_turn
from frontdesk.sessions.window import calibrated, next_window

LONGEST_HISTORY = 10_000
ENDED_LOG_S = 600


def note_call(scripts: Scripts, owner: str, message: Message, result: TurnResult) -> Call:
    """Lists a turn that ended before it began; a `message.new` one may begin a session."""
    turn_id, session_id = result.turn_id, result.session_id
    code = result.error.code if result.error else None
    now = rfc3339()
    record = TurnRecord(turn_id, result.status, now, "", result.answer, code=code)
    created = (1, *dump_event(TurnCreated(turn_id, session_id)))
    ended = (2, *dump_event(TurnEnded(turn_id, result)))
    seal = scripts.sealing.of(owner)
    return scripts.call(
        *(owner, session_id, turn_id, turn_id, session_id, int(message.new)),
        *(message.fingerprint, result.status, *_sealed(seal, result, record), now),
        *(ENDED_LOG_S, LONGEST_HISTORY, *sealed_entries(seal, (created, ended))),
        holder=scripts.new_holder(),
    )


def commit_call(
    scripts: Scripts,
    hold: Hold,
    record: TurnRecord,
    result: TurnResult,
    pending: Unwritten,
    agent: str | None,
    window_tokens: int | None,
) -> Call:
    """Ends a running turn. `agent` holds the session from here on; the window has at most
    `window_tokens`, or starts after this turn.
    """
    view = replace(hold.view, factor=calibrated(hold.view.factor, hold.ledger))
    window: int | str = ""
    if window_tokens is not None:
        budget = window_tokens - (hold.summary.tokens if hold.summary else 0)
        seen, overflowed = hold.history, hold.ledger.overflowed
        window, view = next_window(
            hold.window_start, view, seen, record, budget, early=hold.early, overflowed=overflowed
        )
    kept_agent = agent is not None and agent == hold.agent
    agent_turns = hold.agent_turns + 1 if kept_agent else int(agent is not None)
    totals = dump_stored(add_turn(hold.totals, result.receipt))
    kind, ended = dump_event(TurnEnded(hold.turn_id, result))
    seal = scripts.sealing.of(hold.owner)
    events = sealed_entries(seal, (*pending.entries, (pending.following, kind, ended)))
    return scripts.call(
        *(hold.owner, hold.session_id, hold.turn_id, hold.turn_id, hold.session_id),
        *(hold.fence, result.status, seal.seal(versioned(ended))),
        *(seal.seal(dump_stored(record), record.id), agent or "", agent_turns, totals),
        *(window, record.at),
        *(ENDED_LOG_S, LONGEST_HISTORY, dump_stored(view), *events),
        holder=hold.holder,
    )


def pause_call(
    scripts: Scripts,
    hold: Hold,
    result: TurnResult,
    pending: Unwritten,
    waits: tuple[bytes, float, int, Sequence[str]],
) -> Call:
    """Lets a running turn wait: `waits` are how it stands, when it expires, how long it is kept in
    seconds, and the ids of its approvals.
    """
    state, expires, keep_s, ids = waits
    seal = scripts.sealing.of(hold.owner)
    events = sealed_entries(seal, pending.entries)
    last = f"{hold.fence}-{pending.following - 1}"
    return scripts.call(
        *(hold.owner, hold.session_id, hold.turn_id, hold.turn_id, hold.session_id, hold.fence),
        *(seal.seal(dump_stored(result)), state, expires, keep_s, last, len(ids), *ids, *events),
        holder=hold.holder,
    )


def cancel_call(scripts: Scripts, owner: str, message: bytes, mode: CancelMode) -> Call:
    """Has a turn end early; if it still waits, with nothing but its message, as it is stored."""
    seal = scripts.sealing.of(owner)
    waiting = load_admitted(seal, message)
    turn_id, session_id = waiting.message.turn_id, waiting.message.session_id
    now = rfc3339()
    result = TurnResult(turn_id, session_id, "cancelled")
    record = TurnRecord(turn_id, "cancelled", now, waiting.message.text, "")
    ended = (2, *dump_event(TurnEnded(turn_id, result)))  # its first event said that it waits
    return scripts.call(
        *(owner, session_id, turn_id, turn_id, session_id, mode, *_sealed(seal, result, record)),
        *(now, ENDED_LOG_S, LONGEST_HISTORY, *sealed_entries(seal, (ended,))),
    )


def sealed_entries(seal: Seal, entries: Iterable[Entry]) -> list[int | str | bytes]:
    """Events as the scripts take them, one after the other."""
    return [part for number, kind, data in entries for part in (number, kind, seal.seal(data))]


def _sealed(seal: Seal, result: TurnResult, record: TurnRecord) -> tuple[bytes, bytes]:
    """The record is named: what falls off a history is deleted by its name."""
    return seal.seal(dump_stored(result)), seal.seal(dump_stored(record), record.id)
