"""A session taken out as JSON Lines, and taken in again."""

import asyncio
from collections.abc import AsyncGenerator

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from frontdesk.contract.errors import GuardrailUnavailable, NotFound
from frontdesk.contract.turns import SessionInfo
from frontdesk.guardrails.screening import screened
from frontdesk.server import examples
from frontdesk.server.answers import json_answer
from frontdesk.server.bodies import JSON_LINES, read_lines
from frontdesk.server.description import Content, described
from frontdesk.server.reception import admit
from frontdesk.server.sessions import SessionId
from frontdesk.sessions.transfer import MOST_BYTES, read_transfer

router = APIRouter()
EXPORT = Content(
    example=examples.EXPORT,
    media=JSON_LINES[0],
    note="The session on the first line, then a line for each turn.",
)
IMPORT = tuple(Content(example=examples.IMPORT, media=media) for media in JSON_LINES)
TAKEN = {201: Content(SessionInfo, examples.SESSION_INFO)}


@router.get(
    "/v1/sessions/{session_id}/export", **described("read", answers=EXPORT, raises=(NotFound,))
)
async def export_session(request: Request, session_id: SessionId) -> Response:
    """Everything of a session as JSON Lines; an error on the way breaks the answer off."""
    visit = await admit(request, "read")
    lines = visit.sessions.lifecycle.export(visit.owner, session_id)
    first = await anext(lines)  # what is not there is a status code
    headers = {
        "Cache-Control": "no-store",
        "Content-Disposition": f'attachment; filename="{session_id}.jsonl"',
    }
    return StreamingResponse(_after(first, lines), headers=headers, media_type=JSON_LINES[0])


@router.post(
    "/v1/sessions/import",
    **described(
        "chat", takes=IMPORT, answers=TAKEN, raises=(GuardrailUnavailable,), links=("session_id",)
    ),
)
async def import_session(request: Request) -> Response:
    """A new session from an exported one. The guardrails check it as if it were said now."""
    visit = await admit(request, "chat")
    data = await read_lines(request, MOST_BYTES)
    session = await asyncio.to_thread(read_transfer, data)
    session = await screened(session, visit.desk.guards, visit.caller.tenant)
    return json_answer(await visit.sessions.lifecycle.take_in(visit.owner, session), 201)


async def _after(first: bytes, lines: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    yield first
    async for line in lines:
        yield line
