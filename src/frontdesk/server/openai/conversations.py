"""OpenAI's Conversations API: a session under another name, and its items, which clients may add to
and delete from.
"""

import hashlib
from datetime import datetime
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from frontdesk.contract.context import Ledger
from frontdesk.contract.errors import NotFound
from frontdesk.contract.turns import Item, SessionInfo
from frontdesk.server.answers import json_answer
from frontdesk.server.description import described
from frontdesk.server.messages import digest, turn_id_for
from frontdesk.server.openai.bodies import read_body
from frontdesk.server.openai.conversations_items import (
    all_items,
    session_of,
    with_partner,
)
from frontdesk.server.openai.errors import Refused, gone, missing, refused
from frontdesk.server.openai.ids import renamed
from frontdesk.server.openai.items import given_items, said_in, with_text
from frontdesk.server.openai.lists import cut_of, list_object, page
from frontdesk.server.openai.metadata import checked_metadata
from frontdesk.server.openai.responses_objects import Object, deleted
from frontdesk.server.openai.responses_shapes import (
    ADDED,
    BEGUN,
    CHANGED,
    CONVERSATION,
    GONE_CONVERSATION,
    ITEM,
    ITEMS,
)
from frontdesk.server.openai.responses_turns import LONGEST_SHOWN
from frontdesk.server.reception import Visit, admit
from frontdesk.sessions.responses import stem

router = APIRouter()
MOST_AT_ONCE = 20
SESSION_DIGITS = 24


@router.post(
    "/v1/conversations",
    **described(
        "chat",
        answers=CONVERSATION,
        takes=BEGUN,
        optional=True,
        headers=("Idempotency-Key",),
        form="openai",
    ),
)
async def create_conversation(request: Request) -> Response:
    """A new conversation, which may begin with up to 20 items."""
    visit = await admit(request, "chat")
    body = await read_body(request)
    metadata = checked_metadata(body.get("metadata"))
    made, kept = _made(request, visit), visit.sessions.conversations
    items = await _taken(visit, body.get("items"), made, least=0)
    session_id = f"sess_{made[:SESSION_DIGITS]}"
    await kept.create(visit.owner, session_id, metadata, digest(body))
    if items:
        await kept.add(visit.owner, session_id, items)
    return json_answer(_object(await visit.sessions.info(visit.owner, session_id)))


@router.get(
    "/v1/conversations/{conversation_id}",
    **described("chat", "read", answers=CONVERSATION, raises=(NotFound,), form="openai"),
)
async def show_conversation(request: Request, conversation_id: str) -> Response:
    """One conversation."""
    visit = await admit(request, "chat", "read")
    session_id = await session_of(visit, conversation_id)
    return json_answer(_object(await visit.sessions.info(visit.owner, session_id)))


@router.post(
    "/v1/conversations/{conversation_id}",
    **described("chat", answers=CONVERSATION, takes=CHANGED, raises=(NotFound,), form="openai"),
)
async def change_conversation(request: Request, conversation_id: str) -> Response:
    """Gives a conversation metadata in place of what it had."""
    visit = await admit(request, "chat")
    body = await read_body(request)
    if "metadata" not in body:
        raise missing("metadata")
    metadata = checked_metadata(body["metadata"])
    session_id = await session_of(visit, conversation_id)
    changed = await visit.sessions.lifecycle.label(visit.owner, session_id, metadata=metadata)
    return json_answer(_object(changed))


@router.delete(
    "/v1/conversations/{conversation_id}",
    **described("chat", answers=GONE_CONVERSATION, raises=(NotFound,), form="openai"),
)
async def delete_conversation(request: Request, conversation_id: str) -> Response:
    """Forgets a conversation. Its responses stay: what they came to is kept with each of them when
    the turns are listed.
    """
    visit = await admit(request, "chat")
    session_id = await session_of(visit, conversation_id)
    await visit.sessions.forget(visit.owner, session_id)
    return json_answer(deleted(renamed(session_id, "conv_"), "conversation.deleted"))


@router.post(
    "/v1/conversations/{conversation_id}/items",
    **described(
        "chat",
        answers=ITEMS,
        takes=ADDED,
        raises=(NotFound,),
        headers=("Idempotency-Key",),
        form="openai",
    ),
)
async def add_items(request: Request, conversation_id: str) -> Response:
    """Adds 1 to 20 items to the end; answers them."""
    visit = await admit(request, "chat")
    body = await read_body(request)
    if "items" not in body:
        raise missing("items")
    session_id = await session_of(visit, conversation_id)
    items = await _taken(visit, body["items"], _made(request, visit), least=1)
    kept, ids = visit.sessions.conversations, [item["id"] for item in items]
    await kept.add(visit.owner, session_id, items)
    return json_answer(list_object(await kept.read(visit.owner, session_id, ids)))


@router.get(
    "/v1/conversations/{conversation_id}/items",
    **described("chat", "read", answers=ITEMS, raises=(NotFound,), form="openai"),
)
async def list_items(request: Request, conversation_id: str) -> Response:
    """The items, page by page."""
    visit = await admit(request, "chat", "read")
    cut = cut_of(request)
    session_id = await session_of(visit, conversation_id)
    kept = visit.sessions.conversations
    found = page([{"id": each} for each in await kept.ids(visit.owner, session_id)], cut)
    ids = [each["id"] for each in found["data"]]
    return json_answer({**found, "data": await kept.read(visit.owner, session_id, ids)})


@router.get(
    "/v1/conversations/{conversation_id}/items/{item_id}",
    **described("chat", "read", answers=ITEM, raises=(NotFound,), form="openai"),
)
async def show_item(request: Request, conversation_id: str, item_id: str) -> Response:
    """One item."""
    visit = await admit(request, "chat", "read")
    session_id = await session_of(visit, conversation_id)
    found = await visit.sessions.conversations.read(visit.owner, session_id, [item_id])
    if not found:
        raise _missing_item(item_id)
    return json_answer(found[0])


@router.delete(
    "/v1/conversations/{conversation_id}/items/{item_id}",
    **described("chat", answers=CONVERSATION, raises=(NotFound,), form="openai"),
)
async def delete_item(request: Request, conversation_id: str, item_id: str) -> Response:
    """Deletes an item, a call together with its output; answers the conversation."""
    visit = await admit(request, "chat")
    session_id = await session_of(visit, conversation_id)
    items = await all_items(visit, session_id)
    if not any(item["id"] == item_id for item in items):
        raise _missing_item(item_id)
    gone_ids = with_partner(items, item_id)
    await visit.sessions.conversations.drop(visit.owner, session_id, gone_ids)
    return json_answer(_object(await visit.sessions.info(visit.owner, session_id)))


def _made(request: Request, visit: Visit) -> str:
    """What the ids of new things are made of: the same for a repeat under the same
    Idempotency-Key.
    """
    key = request.headers.get("idempotency-key")
    turn_id = turn_id_for(visit.owner, key)
    if key is None:
        return stem(turn_id)
    told = f"{request.url.path} {turn_id}"  # a key is for one address
    return hashlib.sha256(told.encode()).hexdigest()[:32]


async def _taken(visit: Visit, given: Any, made: str, least: int) -> tuple[Item, ...]:
    """Items as they may be kept.

    Raises:
        Refused: one has not its shape, there are too many, or a guardrail stops one.
    """
    items = given_items(given or [], f"{made}a", {}, "items")
    if not least <= len(items) <= MOST_AT_ONCE:
        words = f"Invalid 'items': expected {least} to {MOST_AT_ONCE} of them."
        raise refused(words, "items", "invalid_value")
    return tuple([await _guarded(visit, item, place) for place, item in enumerate(items)])


async def _guarded(visit: Visit, item: Item, place: int) -> Item:
    text = said_in(item.get("content") or item.get("output") or "")
    if not text:
        return item
    verdict = await visit.desk.guards.input(text, Ledger.of(visit.caller.tenant, text))
    if verdict.action == "block":
        raise refused(verdict.text, f"items[{place}]", "content_filter")
    return item if verdict.text == text else with_text(item, verdict.text)


def _object(info: SessionInfo) -> Object:
    return {
        "id": renamed(info.session_id, "conv_"),
        "object": "conversation",
        "created_at": int(datetime.fromisoformat(info.created).timestamp()),
        "metadata": dict(info.metadata),
    }


def _missing_item(item_id: str) -> Refused:
    return gone(f"Item with id '{item_id[:LONGEST_SHOWN]}' not found.")
