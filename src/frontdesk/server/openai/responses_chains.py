"""What stands before a request's own items: a chain of responses, or a conversation."""

from dataclasses import dataclass
from typing import Any

from frontdesk.contract.turns import Item
from frontdesk.server.openai.conversations_items import all_items, session_of
from frontdesk.server.openai.errors import Refused, refused
from frontdesk.server.openai.items import References
from frontdesk.server.openai.responses_messages import recent
from frontdesk.server.openai.responses_requests import ResponseBody
from frontdesk.server.openai.responses_turns import (
    LONGEST_SHOWN,
    PENDING,
    find,
    output_of,
    standing,
)
from frontdesk.server.reception import Visit


@dataclass(frozen=True, slots=True)
class Before:
    """The items before the request's own; `session` is that of its conversation, or empty."""

    items: tuple[Item, ...] = ()
    session: str = ""


async def before(visit: Visit, body: ResponseBody) -> Before:
    """What the request goes on from.

    Raises:
        Refused: there is no such predecessor or conversation, or it has not ended.
    """
    if body.previous_response_id is not None:
        return Before(recent(await _chain(visit, body.previous_response_id)))
    if body.conversation_id is not None:
        session_id = await session_of(visit, body.conversation_id)
        return Before(recent(await all_items(visit, session_id)), session_id)
    return Before()


async def known_items(visit: Visit, given: Any, earlier: Before) -> References:
    """The items that the request may refer to: those before it, and those of the stored responses
    that its references name.
    """
    known = {str(item["id"]): item for item in earlier.items}
    for each in given if isinstance(given, list) else ():
        if not isinstance(each, dict) or each.get("type") != "item_reference":
            continue
        if str(each.get("id")) not in known:
            known |= await _of_response(visit, str(each.get("id")))
    return known


async def _chain(visit: Visit, previous: str) -> tuple[Item, ...]:
    """The context of a response, its own items, and what it put out."""
    try:
        asked = await find(visit, previous)
        if (await standing(visit, asked))["status"] in PENDING:
            words = f"Previous response with id '{previous}' has not ended yet."
            raise refused(words, "previous_response_id", "previous_response_not_completed")
    except Refused as error:
        raise _not_found(previous) if error.refusal.status == 404 else error from None
    output = await output_of(visit, asked)
    return (*asked.context, *asked.input, *output) if output is not None else asked.context


def _not_found(previous: str) -> Refused:
    words = f"Previous response with id '{previous[:LONGEST_SHOWN]}' not found."
    return refused(words, "previous_response_id", "previous_response_not_found")


async def _of_response(visit: Visit, item_id: str) -> References:
    """The items of the response that an id like `msg_X0` is made of."""
    stem = item_id.partition("_")[2][:32]
    try:
        asked = await find(visit, f"resp_{stem}")
    except Refused:
        return {}
    items = (*asked.input, *(await output_of(visit, asked) or ()))
    return {str(item["id"]): item for item in items}
