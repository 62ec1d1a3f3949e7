"""The items of a conversation as its clients see them: what they added, and its turns, each added
once it has completed.
"""

from collections.abc import Sequence

from frontdesk.contract.errors import NotFound
from frontdesk.contract.turns import Item, TurnRecord
from frontdesk.server.openai.errors import Refused, gone
from frontdesk.server.openai.ids import own
from frontdesk.server.openai.items import INPUT, text_part
from frontdesk.server.openai.responses_objects import message_item
from frontdesk.server.openai.responses_turns import LONGEST_SHOWN, output_of
from frontdesk.server.reception import Visit
from frontdesk.sessions.responses import stem


async def session_of(visit: Visit, given: str) -> str:
    """The session of a conversation of the caller's, with all its turns among its items.

    Raises:
        Refused: there is none.
    """
    session_id = own(given, "conv_", "sess")
    try:
        if session_id is None:
            raise NotFound("It has another form.")
        await _list_turns(visit, session_id)
    except NotFound:
        raise missing_conversation(given) from None
    return session_id


def missing_conversation(given: str) -> Refused:
    """A 404: there is no such conversation for this caller."""
    return gone(f"Conversation with id '{given[:LONGEST_SHOWN]}' not found.")


async def all_items(visit: Visit, session_id: str) -> tuple[Item, ...]:
    """All items, oldest first."""
    kept = visit.sessions.conversations
    return await kept.read(visit.owner, session_id, await kept.ids(visit.owner, session_id))


def with_partner(items: Sequence[Item], item_id: str) -> list[str]:
    """The ids to delete for one item: a call goes together with its output."""
    call_id = next((item.get("call_id") for item in items if item["id"] == item_id), None)
    pair = [item["id"] for item in items if call_id and item.get("call_id") == call_id]
    return pair or [item_id]


async def _list_turns(visit: Visit, session_id: str) -> None:
    kept = visit.sessions.conversations
    while True:
        unlisted = await kept.unlisted(visit.owner, session_id)
        if not unlisted.records:
            return
        items = [item for record in unlisted.records for item in await _items_of(visit, record)]
        await kept.add(visit.owner, session_id, items, unlisted)


async def _items_of(visit: Visit, record: TurnRecord) -> Sequence[Item]:
    """The items of one turn: nothing of one that failed, was cancelled or refused."""
    if record.status != "completed":
        return ()
    try:
        response_id = stem(record.id)
        asked = await visit.sessions.conversations.responses.load(visit.owner, response_id)
        return (*asked.input, *(await output_of(visit, asked) or ()))
    except NotFound:  # a turn of another protocol, or a response that was deleted or not stored
        return _said_in(record)


def _said_in(record: TurnRecord) -> list[Item]:
    """What a person saw of a turn."""
    name, items = stem(record.id) or record.id, list[Item]()
    if record.user:
        base = {"id": f"msg_{name}i0", "type": "message", "status": "completed", "role": "user"}
        items.append({**base, "content": [text_part(INPUT, record.user)]})
    if record.answer:
        items.append(message_item(f"msg_{name}0", record.answer))
    return items
