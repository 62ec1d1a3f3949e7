"""Turns told to clients of OpenAI: what can be refused is refused before the answer begins, and
whoever leaves ends the turn.
"""

import asyncio
from asyncio import FIRST_COMPLETED
from collections.abc import AsyncGenerator, Sequence
from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from frontdesk.contract.events import Event, TextDelta, TurnEnded
from frontdesk.server.event_stream import EventStream, Form, Numbered, disconnected
from frontdesk.server.openai.errors import failed
from frontdesk.server.reception import Visit

TOLD = (TextDelta, TurnEnded)
TOLD_WITHIN_S = 10.0
"""How long a stream's status waits for the first of its text: an error until then is a status."""


async def streamed(request: Request, visit: Visit, turn_id: str, form: Form) -> Response:
    """The turn as a stream of that form. The turn ends when its reader leaves.

    Raises:
        Refused: it failed before anything was said.
    """
    events = visit.sessions.events(visit.owner, turn_id)
    left = partial(visit.sessions.cancel, visit.owner, turn_id)
    first = asyncio.create_task(_first(events))
    leaving = asyncio.create_task(disconnected(request.receive))
    await asyncio.wait({first, leaving}, timeout=TOLD_WITHIN_S, return_when=FIRST_COMPLETED)
    if leaving.done():
        await left()
    leaving.cancel()
    if first.done():
        for _, event in first.result():
            if isinstance(event, TurnEnded) and event.result.status == "failed":
                raise failed(event.result, request)
    return EventStream(first, events, form, request, left=left)


async def _first(events: AsyncGenerator[Numbered, None]) -> Sequence[Numbered]:
    """The events up to the first that tells something."""
    found: list[tuple[str, Event]] = []
    async for numbered in events:
        found.append(numbered)
        if isinstance(numbered[1], TOLD):
            break
    return found
