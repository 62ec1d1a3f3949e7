"""Turns that were started: what they came to, their events from any point on, and their end before
its time.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Sequence
from contextlib import aclosing
from functools import partial
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Header, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from frontdesk.contract.approvals import Decision
from frontdesk.contract.errors import (
    ApprovalDecided,
    ApprovalExpired,
    Draining,
    GuardrailUnavailable,
    NotFound,
    ToolGone,
)
from frontdesk.contract.events import TurnEnded, TurnWaiting
from frontdesk.contract.turns import TurnResult
from frontdesk.server import examples
from frontdesk.server.answers import answer_object, json_answer, record_object
from frontdesk.server.bodies import read_object
from frontdesk.server.description import Content, described
from frontdesk.server.event_stream import EventStream, Numbered, OwnForm, disconnected
from frontdesk.server.identity import APPROVE
from frontdesk.server.messages import ID, CancelBody, DecisionBody, checked
from frontdesk.server.reception import Visit, admit, admit_stream, reception
from frontdesk.server.shapes import EVENTS, Answer, TurnLine, WaitingTurns

router = APIRouter()
TurnId = Annotated[str, Path(pattern=ID)]
EVENT_ID = "^([0-9]{1,18}-[0-9]{1,18})?$"
FIRST_WITHIN_S = 0.5
Value = TypeVar("Value")
ENDED_WITHIN_S = 2.0
TURN = Content(Answer, examples.ANSWER)
SOON = {
    200: Content(Answer, examples.CANCELLED, note="The turn, which has ended or waits again."),
    202: Content(Answer, examples.IN_PROGRESS, note="The turn, which has not ended yet."),
}
EVENTS_LEFT = {
    200: Content(EVENTS, examples.EVENT, "text/event-stream", "Events, each of this schema."),
    204: None,
}
LINE = Content(TurnLine, examples.TURN_LINE)
DECIDING = (NotFound, ApprovalDecided, ApprovalExpired, ToolGone, Draining, GuardrailUnavailable)


@router.get("/v1/turns/{turn_id}", **described("read", answers=TURN, raises=(NotFound,)))
async def show_turn(request: Request, turn_id: TurnId) -> Response:
    """The turn as it stands: the answer object, also while it runs and after it failed."""
    visit = await admit(request, "read")
    return json_answer(answer_object(await visit.sessions.result(visit.owner, turn_id)))


@router.get(
    "/v1/turns/{turn_id}/events", **described("read", answers=EVENTS_LEFT, raises=(NotFound,))
)
async def show_events(
    request: Request,
    turn_id: TurnId,
    last_event_id: Annotated[str, Header(alias="Last-Event-ID", pattern=EVENT_ID)] = "",
    after: Annotated[str, Query(pattern=EVENT_ID)] = "",
) -> Response:
    """The turn's events after the given one, live until the last; 204 when there are no more."""
    visit = await admit(request, "read")
    await admit_stream(request, visit)
    if last_event_id or after:
        reception(request).traffic.resumes.inc()
    return await follow(request, visit, turn_id, last_event_id or after or None)


@router.post(
    "/v1/turns/{turn_id}/cancel",
    **described(
        "chat",
        takes=Content(CancelBody, {"mode": "immediate"}),
        optional=True,
        answers=SOON,
        raises=(NotFound,),
    ),
)
async def cancel_turn(request: Request, turn_id: TurnId) -> Response:
    """Has the turn end early. Answers it when it has ended, else (202) as it stands after a while;
    one that has ended already is answered as it is.
    """
    visit = await admit(request, "chat")
    mode = checked(CancelBody, await _body(request)).mode
    await visit.sessions.cancel(visit.owner, turn_id, mode)
    return await _soon(visit, turn_id)


@router.post(
    "/v1/turns/{turn_id}/approvals",
    **described(
        "chat",
        APPROVE,
        takes=Content(DecisionBody, {"approval_id": "appr_1", "decision": "approve"}),
        answers=SOON,
        raises=DECIDING,
    ),
)
async def decide(request: Request, turn_id: TurnId) -> Response:
    """Takes a person's word on a call that waits, once. Answers the turn when it has ended, or
    waits again; else (202) as it stands after a while.
    """
    visit = await admit(request, "chat", APPROVE)
    body = checked(DecisionBody, await read_object(request, reception(request).max_body_bytes))
    decision = Decision(body.approval_id, body.decision == "approve", body.reason)
    await visit.desk.decide(visit.owner, turn_id, decision)
    return await _soon(visit, turn_id)


@router.get(
    "/v1/approvals",
    **described("read", APPROVE, answers=Content(WaitingTurns, {"turns": [examples.WAITING]})),
)
async def show_waiting(request: Request) -> Response:
    """The turns that wait for a person."""
    visit = await admit(request, "read", APPROVE)
    turns = await visit.sessions.approvals.waiting(visit.owner)
    return json_answer({"turns": [answer_object(each) for each in turns]})


@router.post(
    "/v1/turns/{turn_id}/pin",
    **described("chat", answers=Content(TurnLine, examples.PINNED), raises=(NotFound,)),
)
async def pin_turn(request: Request, turn_id: TurnId) -> Response:
    """Has the turn stay among what models are shown of its session, however long that gets."""
    visit = await admit(request, "chat")
    return json_answer(record_object(await visit.sessions.pins.pin(visit.owner, turn_id)))


@router.delete("/v1/turns/{turn_id}/pin", **described("chat", answers=LINE, raises=(NotFound,)))
async def unpin_turn(request: Request, turn_id: TurnId) -> Response:
    """Takes the turn's pin away."""
    visit = await admit(request, "chat")
    return json_answer(record_object(await visit.sessions.pins.unpin(visit.owner, turn_id)))


async def follow(
    request: Request,
    visit: Visit,
    turn_id: str,
    after: str | None = None,
    left: Callable[[], Awaitable[None]] | None = None,
) -> Response:
    """The stream of a turn's events. An error before the first is a status code; but while a turn
    stays silent, the answer begins without it, so that the reader knows that it is connected.
    `left` is awaited when the reader leaves before the end.
    """
    events = visit.sessions.events(visit.owner, turn_id, after)
    first = asyncio.create_task(_next(events))
    await asyncio.wait({first}, timeout=FIRST_WITHIN_S)
    if first.done() and not first.result():
        return Response(status_code=204)
    return EventStream(first, events, OwnForm(turn_id, request), request, left=left)


async def _soon(visit: Visit, turn_id: str) -> Response:
    try:
        async with asyncio.timeout(ENDED_WITHIN_S):
            return json_answer(answer_object(await ended(visit, turn_id)))
    except TimeoutError:
        result = await visit.sessions.result(visit.owner, turn_id)
    pending = result.status in ("queued", "in_progress")
    return json_answer(answer_object(result), 202 if pending else 200)


async def ended(visit: Visit, turn_id: str) -> TurnResult:
    """The turn's result, when it has ended or waits for a person."""
    async with aclosing(visit.sessions.events(visit.owner, turn_id)) as events:
        async for _, event in events:
            if isinstance(event, TurnEnded):
                return event.result
            if isinstance(event, TurnWaiting):
                found = await visit.sessions.result(visit.owner, turn_id)
                if found.status == "waiting":
                    return found
    return await visit.sessions.result(visit.owner, turn_id)


async def ended_with_client(request: Request, visit: Visit, turn_id: str) -> TurnResult:
    """The turn's result; the turn ends when its client leaves."""
    left = partial(visit.sessions.cancel, visit.owner, turn_id)
    return await while_connected(request, ended(visit, turn_id), left)


async def while_connected(
    request: Request, work: Coroutine[Any, Any, Value], left: Callable[[], Awaitable[None]]
) -> Value:
    """What the work comes to; `left` is awaited first if the client leaves before."""
    ending = asyncio.create_task(work)
    leaving = asyncio.create_task(disconnected(request.receive))
    try:
        await asyncio.wait({ending, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not ending.done():
            await left()
        return await ending
    finally:
        ending.cancel()
        leaving.cancel()
        await asyncio.gather(ending, leaving, return_exceptions=True)


async def _next(events: AsyncGenerator[Numbered, None]) -> Sequence[Numbered]:
    found = await anext(events, None)
    return [found] if found else []


async def _body(request: Request) -> dict[str, Any]:
    """The body, which may be missing."""
    headers = request.headers
    if "transfer-encoding" not in headers and headers.get("content-length", "0") == "0":
        return {}
    return await read_object(request, reception(request).max_body_bytes)
