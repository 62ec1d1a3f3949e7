"""The turn's draft: what history keeps of a turn, valid however the turn ended."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace

from frontdesk.contract.context import TurnContext
from frontdesk.contract.effects import Effects
from frontdesk.contract.errors import Unauthorized
from frontdesk.contract.rounds import Rounds
from frontdesk.contract.turns import Ending, Item, Rung, Status, TurnRecord
from frontdesk.sessions.brought import begins, filed, known
from frontdesk.sessions.holds import Hold
from frontdesk.sessions.instants import rfc3339
from frontdesk.sessions.totals import with_summaries
from frontdesk.sessions.window import estimate_tokens

INTERRUPTED = "[interrupted]"
WITHHELD = "[reply withheld]"
SILENT = "[no reply]"
MAX_TRIES = 3


def make_record(
    context: TurnContext,
    status: Status,
    answer: str,
    rung: Rung | None,
    agent: str | None,
    code: str | None = None,
) -> TurnRecord:
    """The element of history for a turn: the user's item, completed tool calls, one reply.

    A message that was refused leaves no text; a reply that was withheld or never came leaves a
    marker in its place, so that two user items never follow each other.
    """
    if status == "blocked" and not _withheld(context):
        return TurnRecord(
            context.turn_id, status, rfc3339(), "", answer, agent=agent, rung=rung, code=code
        )
    items, calls = _kept(context, status, answer), tuple(context.ledger.handed)
    return TurnRecord(
        context.turn_id,
        status,
        rfc3339(),
        context.text,
        answer,
        items,
        agent,
        rung,
        code,
        estimate_tokens((*items, *calls)),
        calls=calls if status == "completed" else (),
    )


def _kept(context: TurnContext, status: Status, answer: str) -> tuple[Item, ...]:
    """What models are shown of the turn. One that failed over nothing but outputs of the client's
    tools is not shown at all: the calls wait on, and the outputs can be brought again.
    """
    pairs = _tool_pairs(context)
    if status in ("failed", "cancelled") and context.opening and not (context.text or pairs):
        return ()
    asks = context.text or not (context.opening or context.message.context)
    user = {"role": "user", "content": context.ledger.condensed or context.text}
    reply = {"role": "assistant", "content": _reply(status, answer)}
    silent = context.ledger.handed and not answer
    return (*begins(context), *([user] if asks else ()), *pairs, *(() if silent else [reply]))


def _withheld(context: TurnContext) -> bool:
    """Whether what was blocked came from us or our tools, not from the user."""
    return any(note.action == "block" and note.stage != "input" for note in context.ledger.notes)


def _reply(status: Status, answer: str) -> str:
    if status == "completed":
        return answer or SILENT
    return WITHHELD if status == "blocked" else INTERRUPTED


def _tool_pairs(context: TurnContext) -> list[Item]:
    """Calls that have an output and outputs that have a call, in order. An id that an earlier call
    has is replaced: some servers number theirs anew, and the SDK pairs by id over the whole input.
    The others stay as the provider's prompt cache knows them.
    """
    items, ids = context.ledger.items, dict[int, str]()
    pairs = sorted(_pairs(items))
    if not pairs:
        return []
    taken = call_ids(context)
    digest = hashlib.sha256(context.turn_id.encode()).hexdigest()[:16]
    for number, pair in enumerate(pairs):
        call_id = str(items[pair[0]].get("call_id") or "")
        if not call_id or call_id in taken:
            call_id = f"call_{digest}_{number}"
        taken.add(call_id)
        ids |= dict.fromkeys(pair, call_id)
    return [_stored(items[place], ids[place]) for place in sorted(ids)]


def call_ids(context: TurnContext) -> set[str]:
    """The ids of the calls that models were shown before this turn's own."""
    items = (item for record in context.history for item in record.items)
    return {str(item.get("call_id")) for item in (*items, *context.opening)}


def _pairs(items: Sequence[Item]) -> Iterator[tuple[int, int]]:
    """The places of each call and its output."""
    waiting: dict[tuple[str, str], int] = {}
    for place, item in enumerate(items):
        kind, call_id = str(item.get("type", "")), str(item.get("call_id") or "")
        call = (kind.removesuffix("_output"), call_id)
        if kind.endswith("_call"):
            waiting[call] = place
        elif call in waiting:
            yield waiting.pop(call), place


def _stored(item: Item, call_id: str) -> Item:
    """Without the ids and states of the server that made it: any provider takes it as input."""
    kept = {key: value for key, value in item.items() if key not in ("id", "status")}
    return kept | {"call_id": call_id}


def record_of(context: TurnContext, ending: Ending, hold: Hold) -> TurnRecord:
    """The element of history for a turn that ended so."""
    code, text = ending.error.code if ending.error else None, context.ledger.text
    context = context if text is None else replace(context, text=text)
    if poisonous(hold):
        return TurnRecord(context.turn_id, ending.status, rfc3339(), "", "", code=code)
    began = hold.tries or hold.paused or "budget" in context.ledger.stages
    if (ending.status == "cancelled" or code == Unauthorized.code) and not began:
        # It only waited: a person sees it listed, no model ever does.
        return TurnRecord(context.turn_id, ending.status, rfc3339(), context.text, "", code=code)
    record = make_record(
        context, ending.status, ending.answer, ending.rung, context.ledger.agent, code
    )
    if context.message.context is None or not record.items:
        return record
    items = filed(record.items, hold.history)
    return replace(record, items=items, tokens=estimate_tokens((*items, *record.calls)))


def poisonous(hold: Hold) -> bool:
    """Whether even the record of the interrupted turn could not be written: it must not come back
    for ever, so it ends with nothing in it that could fail.
    """
    return hold.tries > MAX_TRIES


def context_of(hold: Hold, effects: Effects, rounds: Rounds) -> TurnContext:
    """What a turn's parts see of it."""
    message = hold.message
    own = message.context is None and not message.aside
    history, opening = known(message, hold.history)
    return TurnContext(
        message,
        hold.text,
        hold.session_id,
        history,
        message.agent or hold.agent,
        with_summaries(hold.totals, hold.spent),
        hold.ledger,
        hold.cancellation,
        effects,
        () if message.aside else hold.user_facts,
        hold.summary.text if hold.summary and own else "",
        opening=opening,
        rounds=rounds,
    )
