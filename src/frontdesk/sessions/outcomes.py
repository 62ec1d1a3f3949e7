"""What responses in the background came to is kept by whoever runs their turns: nobody may be there
to read it before the turn's own log is gone.
"""

from contextlib import aclosing

import structlog

from frontdesk.contract.errors import FrontdeskError
from frontdesk.contract.events import TextDelta, TurnEnded
from frontdesk.contract.messages import Message
from frontdesk.sessions.drivers import Turn
from frontdesk.sessions.responses import Outcome, stem
from frontdesk.sessions.store import Hold, Sessions

logger = structlog.get_logger(__name__)


def settling(turn: Turn, sessions: Sessions) -> Turn:
    """The turn, and what it came to kept with its response if that ran in the background."""

    async def turned(hold: Hold) -> Hold | None:
        following = await turn(hold)
        if _in_background(hold.message):
            try:
                await _settle(hold, sessions)
            except FrontdeskError as error:  # the turn itself is told: whoever asks soon gets it
                logger.warning("response.unsettled", turn=hold.turn_id, code=error.code)
        return following

    return turned


def _in_background(message: Message) -> bool:
    return message.context is not None and message.background


async def _settle(hold: Hold, sessions: Sessions) -> None:
    pieces = list[tuple[int, str]]()
    async with aclosing(sessions.events(hold.owner, hold.turn_id)) as events:
        async for _, event in events:
            if isinstance(event, TextDelta):
                pieces.append((event.message, event.text))
            elif isinstance(event, TurnEnded):
                outcome = Outcome(tuple(pieces), event.result)
                kept = sessions.conversations.responses
                await kept.settle(hold.owner, stem(hold.turn_id), outcome)
