"""OpenAI's Responses API: a turn as a response, kept so that another one can go on from it."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from frontdesk.contract.errors import NotFound
from frontdesk.contract.messages import Message
from frontdesk.server.answers import json_answer
from frontdesk.server.description import TURNS, Content, described
from frontdesk.server.event_stream import EventStream, Numbered
from frontdesk.server.messages import fingerprint_of, turn_id_for
from frontdesk.server.openai.bodies import read_body
from frontdesk.server.openai.costs import costs
from frontdesk.server.openai.errors import refused
from frontdesk.server.openai.images import items_without
from frontdesk.server.openai.items import given_items
from frontdesk.server.openai.lists import cut_of, page
from frontdesk.server.openai.responses_chains import before, known_items
from frontdesk.server.openai.responses_events import Telling
from frontdesk.server.openai.responses_messages import Asking, asking, guarded
from frontdesk.server.openai.responses_objects import deleted
from frontdesk.server.openai.responses_requests import (
    ResponseBody,
    client_tools,
    echo,
    response_body,
    wishes,
)
from frontdesk.server.openai.responses_shapes import ASKED, GONE_RESPONSE, ITEMS, RESPONSE
from frontdesk.server.openai.responses_turns import (
    ResponseForm,
    ended,
    find,
    standing,
    told,
)
from frontdesk.server.reception import Visit, admit, admit_stream, reception
from frontdesk.server.turns import while_connected
from frontdesk.sessions.holds import Begun
from frontdesk.sessions.responses import StoredResponse, stem

router = APIRouter()
FIRST_WITHIN_S = 0.5
CANCELLED_WITHIN_S = 5.0
ENDED = ("completed", "failed", "incomplete", "cancelled")


@router.post(
    "/v1/responses",
    **described(
        "chat",
        answers=RESPONSE,
        takes=Content(ResponseBody, ASKED),
        raises=TURNS,
        headers=("Idempotency-Key",),
        form="openai",
    ),
)
async def create_response(request: Request) -> Response:
    """Starts a turn and answers its response: whole, as events, or as it stands. In the foreground
    the turn ends when its client leaves.
    """
    visit = await admit(request, "chat")
    body = response_body(await read_body(request))
    asked, said, message = await _asked(request, visit, body)
    if body.stream:
        await admit_stream(request, visit)
    begun = await visit.desk.start(message)
    asked = await _as_begun(visit, asked, said, begun)
    if body.kept or asked.session:  # the items of a conversation are made of its responses
        await visit.sessions.conversations.responses.keep(visit.owner, asked)
    clings = begun.state == "started" and not body.background  # a repeat did not start it
    if body.stream:
        answer = await _streamed(request, visit, asked, clings=clings)
    elif body.background:
        answer = json_answer(await standing(visit, asked))
    else:
        telling = await _whole(request, visit, asked, clings)
        answer = json_answer(telling.object)
        answer.headers.update(costs(telling.result))
    answer.headers["x-frontdesk-turn-id"] = begun.turn_id
    return answer


@router.get(
    "/v1/responses/{response_id}",
    **described("chat", "read", answers=RESPONSE, raises=(NotFound,), form="openai"),
)
async def show_response(request: Request, response_id: str) -> Response:
    """The response as it stands; with `stream=true` its events after the number `starting_after`,
    live until the last.
    """
    visit = await admit(request, "chat", "read")
    after = _starting_after(request)
    asked = await find(visit, response_id)
    if request.query_params.get("stream", "").lower() in ("true", "1"):
        await admit_stream(request, visit)
        return await _streamed(request, visit, asked, clings=False, after=after)
    return json_answer(await standing(visit, asked))


@router.post(
    "/v1/responses/{response_id}/cancel",
    **described("chat", answers=RESPONSE, raises=(NotFound,), form="openai"),
)
async def cancel_response(request: Request, response_id: str) -> Response:
    """Ends a response in the background before its time; one that was cancelled stays as it is."""
    visit = await admit(request, "chat")
    asked = await find(visit, response_id)
    if not asked.echo["background"]:
        raise refused("Cannot cancel a synchronous response.")
    with suppress(NotFound):  # it ended long ago
        await visit.sessions.cancel(visit.owner, f"turn_{asked.id}")
    try:
        async with asyncio.timeout(CANCELLED_WITHIN_S):
            found = (await ended(visit, asked)).object
    except TimeoutError:
        found = await standing(visit, asked)
    if found["status"] in ENDED and found["status"] != "cancelled":
        raise refused(f"Cannot cancel a {found['status']} response.")
    return json_answer(found)


@router.get(
    "/v1/responses/{response_id}/input_items",
    **described("chat", "read", answers=ITEMS, raises=(NotFound,), form="openai"),
)
async def list_input_items(request: Request, response_id: str) -> Response:
    """The response's own items, without those of the chain or conversation before them."""
    visit = await admit(request, "chat", "read")
    cut = cut_of(request)
    return json_answer(page((await find(visit, response_id)).input, cut))


@router.delete(
    "/v1/responses/{response_id}",
    **described("chat", answers=GONE_RESPONSE, raises=(NotFound,), form="openai"),
)
async def delete_response(request: Request, response_id: str) -> Response:
    """Deletes a response; those that went on from it stay whole."""
    visit = await admit(request, "chat")
    asked = await find(visit, response_id)
    ends = (await standing(visit, asked))["status"] in ENDED
    if not ends:
        await visit.sessions.cancel(visit.owner, f"turn_{asked.id}")
    whole = ends and not asked.session  # the turn of a conversation stays in its session
    await visit.sessions.conversations.responses.delete(visit.owner, asked.id, whole=whole)
    return json_answer(deleted(f"resp_{asked.id}", "response"))


async def _asked(
    request: Request, visit: Visit, body: ResponseBody
) -> tuple[StoredResponse, Asking, Message]:
    """What is asked for: as it is kept, taken apart, and as the message that asks for the turn."""
    agent = _agent(request, visit, body.model)
    tools, wished, echoed = client_tools(body), wishes(body), echo(body)
    turn_id = turn_id_for(visit.owner, request.headers.get("idempotency-key"))
    earlier = await before(visit, body)
    known = await known_items(visit, body.input, earlier)
    given, images = items_without(body.input or [], reception(request).images)
    own = given_items(given, f"{stem(turn_id)}i", known, "input")
    said = asking(earlier.items, own, body.instructions)
    asked = StoredResponse(stem(turn_id), time.time(), echoed, own, earlier.items, earlier.session)
    message = Message(
        turn_id=turn_id,
        caller=visit.caller,
        text=said.text,
        session_id=earlier.session,
        stream=bool(body.stream),
        on_busy="reject",
        on_disconnect="continue" if body.background else "cancel",
        instructions=said.instructions,
        metadata=echoed["metadata"],
        request_id=request.state.request_id,
        fingerprint=fingerprint_of(body),
        context=said.context,
        client_tools=tools,
        wishes=wished,
        agent=agent,
        keeps=bool(earlier.session),
        background=bool(body.background),
        images=images,
    )
    return asked, said, message


async def _as_begun(
    visit: Visit, asked: StoredResponse, said: Asking, begun: Begun
) -> StoredResponse:
    """What is asked for, after the guardrails: nothing is kept of what they stopped. A repeat under
    the same Idempotency-Key is the response that there is.
    """
    if begun.state == "duplicate" and asked.echo["store"]:
        return await find(visit, f"resp_{asked.id}")
    if begun.hold is None:
        return replace(asked, input=(), echo={**asked.echo, "instructions": None})
    message = begun.hold.message
    shown = asked.echo["instructions"] and message.instructions
    same = message.instructions == said.instructions
    echoed = asked.echo if same else {**asked.echo, "instructions": shown}
    return replace(asked, input=guarded(asked.input, said, message), echo=echoed)


def _agent(request: Request, visit: Visit, model: str) -> str:
    names = [agent.name for agent in visit.desk.crew.agents]
    return reception(request).aliases.agent(model, names)


async def _whole(request: Request, visit: Visit, asked: StoredResponse, clings: bool) -> Telling:
    if not clings:
        return await ended(visit, asked)
    left = partial(visit.sessions.cancel, visit.owner, f"turn_{asked.id}")
    return await while_connected(request, ended(visit, asked), left)


async def _streamed(
    request: Request, visit: Visit, asked: StoredResponse, *, clings: bool, after: int = -1
) -> Response:
    """The response as a stream; an error before its first event is a status code."""
    events = told(visit, asked)
    first = asyncio.create_task(_next(events))
    await asyncio.wait({first}, timeout=FIRST_WITHIN_S)
    if first.done():
        first.result()
    left = partial(visit.sessions.cancel, visit.owner, f"turn_{asked.id}") if clings else None
    form = ResponseForm(Telling(asked), request, after)
    return EventStream(first, events, form, request, left=left)


async def _next(events: Any) -> Sequence[Numbered]:
    return [await anext(events)]


def _starting_after(request: Request) -> int:
    given = request.query_params.get("starting_after", "-1")
    if not given.removeprefix("-").isdecimal() or len(given) > 9:
        words = "Invalid type for 'starting_after': expected an integer."
        raise refused(words, "starting_after", "invalid_type")
    return int(given)
