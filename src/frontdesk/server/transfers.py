"""A session taken out as JSON Lines, and taken in again."""

import asyncio
from collections.abc import AsyncGenerator

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from frontdesk.guardrails.screening import screened
from frontdesk.server.answers import json_answer
from frontdesk.server.bodies import JSON_LINES, read_lines
from frontdesk.server.reception import admit
from frontdesk.server.sessions import SessionId
from frontdesk.sessions.transfer import MOST_BYTES, read_transfer

router = APIRouter()


@router.get("/v1/sessions/{session_id}/export")
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


@router.post("/v1/sessions/import")
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
