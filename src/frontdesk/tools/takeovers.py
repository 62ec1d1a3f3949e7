"""Whether a turn may run: at once, after it waited, or again after its process is gone."""

from functools import partial

from frontdesk.contract.cancellation import Cancelled
from frontdesk.contract.context import TurnContext
from frontdesk.contract.errors import BrokenRecord, Unauthorized
from frontdesk.contract.events import TurnRestarted
from frontdesk.sessions.brought import check_outputs
from frontdesk.sessions.connection import patiently
from frontdesk.sessions.draft import MAX_TRIES
from frontdesk.sessions.holds import Hold
from frontdesk.sessions.issued_keys import IssuedKeys
from frontdesk.sessions.log import EventWriter
from frontdesk.sessions.store import Sessions
from frontdesk.tools.effects import recall, stopped


async def may_run(hold: Hold, context: TurnContext, sessions: Sessions, log: EventWriter) -> None:
    """Lets the turn run, unless there is a reason against it. What readers were shown and comes
    again, they are told.

    Raises:
        BrokenRecord, Cancelled, Interrupted, InvalidRequest, StoreUnavailable, StoreUnreadable,
        Unauthorized: the reason.
    """
    if hold.unreadable:
        raise hold.unreadable
    if hold.broken:
        raise BrokenRecord(
            "A part of this conversation could not be read and was set aside; send the message"
            " again to go on without it."
        )
    if hold.cancellation.mode:
        raise Cancelled
    check_outputs(context.message, context.opening)
    shown = await sessions.rounds.shown(hold) if hold.tries else "nothing"
    if hold.tries >= MAX_TRIES or shown == "lasting":
        raise stopped(await recall(context))
    if not hold.prompt and context.message.caller.key:
        await _check_key(context, IssuedKeys(sessions.redis))
    if shown == "void":
        await log.put(TurnRestarted(context.turn_id, context.ledger.following))


async def _check_key(context: TurnContext, keys: IssuedKeys) -> None:
    try:
        await patiently(partial(keys.check, context.message.caller.key))
    except Unauthorized:
        await recall(context)  # history tells what earlier tries have done
        raise
