"""A response from its turn: as it stands, as it ends, event by event. What a response came to is
kept with it when it is first seen, since a turn's own log ends soon.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from dataclasses import dataclass

from starlette.requests import Request

from frontdesk.contract.errors import FrontdeskError, NotFound
from frontdesk.contract.events import Event, TextDelta, TurnCreated, TurnEnded
from frontdesk.contract.turns import Item, TurnResult
from frontdesk.server.event_stream import Numbered
from frontdesk.server.openai.errors import Refused, gone, refusal_of
from frontdesk.server.openai.ids import own
from frontdesk.server.openai.responses_events import Telling
from frontdesk.server.openai.responses_objects import Object, response_object
from frontdesk.server.reception import Visit
from frontdesk.sessions.codec import dump
from frontdesk.sessions.responses import Outcome, StoredResponse, stem

LONGEST_SHOWN = 80
PENDING = ("queued", "in_progress", "waiting")


async def find(visit: Visit, given: str) -> StoredResponse:
    """A kept response of the caller's.

    Raises:
        Refused: there is none.
    """
    turn_id = own(given, "resp_", "turn")
    if turn_id is None:
        raise missing_response(given)
    try:
        found = await visit.sessions.conversations.responses.load(visit.owner, stem(turn_id))
    except NotFound:
        raise missing_response(given) from None
    if not found.echo["store"]:
        raise missing_response(given)
    return found


def missing_response(given: str) -> Refused:
    """A 404: there is no such response for this caller."""
    return gone(f"Response with id '{given[:LONGEST_SHOWN]}' not found.")


async def standing(visit: Visit, asked: StoredResponse) -> Object:
    """The response as it is now."""
    if asked.outcome is None:
        with suppress(NotFound):
            known = await visit.sessions.result(visit.owner, f"turn_{asked.id}")
            if known.status in PENDING:
                status = "queued" if known.status == "queued" else "in_progress"
                return response_object(asked, status, ())
    return (await ended(visit, asked)).object


async def ended(visit: Visit, asked: StoredResponse) -> Telling:
    """The response when its turn has ended."""
    telling = Telling(asked)
    async with aclosing(told(visit, asked)) as events:
        async for _, event in events:
            telling.tell(event)
    return telling


async def told(visit: Visit, asked: StoredResponse) -> AsyncGenerator[Numbered, None]:
    """The events of the turn, from the first to the last; what they came to is kept."""
    if asked.outcome:
        for event in _again(asked.id, asked.outcome):
            yield "", event
        return
    try:
        async with aclosing(_live(visit, asked)) as events:
            async for numbered in events:
                yield numbered
    except NotFound:  # its client left, or its conversation was deleted while it ran
        for event in _again(asked.id, Outcome((), TurnResult(asked.id, "", "cancelled"))):
            yield "", event


async def _live(visit: Visit, asked: StoredResponse) -> AsyncGenerator[Numbered, None]:
    kept, pieces = visit.sessions.conversations.responses, list[tuple[int, str]]()
    async with aclosing(visit.sessions.events(visit.owner, f"turn_{asked.id}")) as events:
        async for event_id, event in events:
            if isinstance(event, TextDelta):
                pieces.append((event.message, event.text))
            if isinstance(event, TurnEnded):
                await kept.settle(visit.owner, asked.id, Outcome(tuple(pieces), event.result))
            yield event_id, event


async def output_of(visit: Visit, asked: StoredResponse) -> tuple[Item, ...] | None:
    """The items of a response that is finished, and what it goes on with; None where it has come to
    nothing that the next one could go on from.
    """
    telling = await ended(visit, asked)
    whole = telling.status in ("completed", "incomplete") and not telling.refused
    return tuple(telling.output) if whole else None


def _again(response_id: str, outcome: Outcome) -> list[Event]:
    turn_id = f"turn_{response_id}"
    deltas = (TextDelta(turn_id, text, message) for message, text in outcome.pieces)
    return [TurnCreated(turn_id, ""), *deltas, TurnEnded(turn_id, outcome.result)]


@dataclass(slots=True)
class ResponseForm:
    """The stream of one response: each frame names its type twice, as OpenAI's do; those up to
    `after` are left out.
    """

    telling: Telling
    request: Request
    after: int = -1

    def frames(self, event_id: str, event: Event) -> bytes:
        """What an event of the turn means for the response."""
        told = self.telling.tell(event)
        return b"".join(_frame(each) for each in told if each["sequence_number"] > self.after)

    def failed(self, error: FrontdeskError) -> bytes:
        """The last frame of a stream that cannot be read to its end: OpenAI's clients know the flat
        form of it, Open Responses the nested one.
        """
        told = refusal_of(error, self.request).body["error"]
        number = self.telling.following
        flat = {name: told[name] for name in ("code", "message", "param")}
        return _frame({"type": "error", "sequence_number": number, **flat, "error": told})


def _frame(event: Object) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (str(event["type"]).encode(), dump(event))
