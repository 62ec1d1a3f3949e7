"""The turn's draft: what history keeps of a turn, valid however the turn ended."""

import hashlib
from collections.abc import Iterator, Sequence

from frontdesk.contract.context import TurnContext
from frontdesk.contract.turns import Item, Rung, Status, TurnRecord
from frontdesk.sessions.instants import rfc3339
from frontdesk.sessions.window import estimate_tokens

INTERRUPTED = "[interrupted]"
WITHHELD = "[reply withheld]"
SILENT = "[no reply]"


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
    items = (
        {"role": "user", "content": context.ledger.condensed or context.text},
        *_tool_pairs(context),
        {"role": "assistant", "content": _reply(status, answer)},
    )
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
        estimate_tokens(items),
    )


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
    taken = {str(item.get("call_id")) for record in context.history for item in record.items}
    digest = hashlib.sha256(context.turn_id.encode()).hexdigest()[:16]
    for number, pair in enumerate(pairs):
        call_id = str(items[pair[0]].get("call_id") or "")
        if not call_id or call_id in taken:
            call_id = f"call_{digest}_{number}"
        taken.add(call_id)
        ids |= dict.fromkeys(pair, call_id)
    return [_stored(items[place], ids[place]) for place in sorted(ids)]


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
