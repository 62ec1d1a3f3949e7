"""A caller's sessions: listed, shown, read back and forgotten."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from frontdesk.contract.errors import NotFound
from frontdesk.contract.turns import SessionInfo
from frontdesk.server import examples
from frontdesk.server.answers import json_answer, record_object
from frontdesk.server.bodies import read_object
from frontdesk.server.description import Content, described
from frontdesk.server.messages import ID, Metadata, Strict, Text, checked
from frontdesk.server.reception import admit, reception
from frontdesk.server.shapes import ForgottenSession, SessionPage, TurnPage
from frontdesk.sessions.transfer import MOST_TITLE

router = APIRouter()
SessionId = Annotated[str, Path(pattern=ID)]
Limit = Annotated[int, Query(ge=1, le=100)]
After = Annotated[str | None, Query(pattern=ID)]

INFO = Content(SessionInfo, examples.SESSION_INFO)
GONE = Content(ForgottenSession, {"session_id": examples.SESSION, "deleted": True})
SESSIONS = Content(SessionPage, {"sessions": [examples.SESSION_INFO], "has_more": False})
TURNS = Content(TurnPage, {"turns": [examples.TURN_LINE], "has_more": False})


class SessionChange(Strict):
    """What `PATCH /v1/sessions/{session_id}` takes; what is left out stays as it is."""

    title: Annotated[Text, Field(max_length=MOST_TITLE)] | None = None
    metadata: Metadata | None = None


@router.get("/v1/sessions", **described("read", answers=SESSIONS, raises=(NotFound,)))
async def list_sessions(request: Request, limit: Limit = 20, after: After = None) -> Response:
    """The sessions, newest first."""
    visit = await admit(request, "read")
    found = await visit.sessions.list(visit.owner, limit + 1, after)
    return json_answer(_page("sessions", found, limit))


@router.get("/v1/sessions/{session_id}", **described("read", answers=INFO, raises=(NotFound,)))
async def show_session(request: Request, session_id: SessionId) -> Response:
    """One session."""
    visit = await admit(request, "read")
    return json_answer(await visit.sessions.info(visit.owner, session_id))


@router.get(
    "/v1/sessions/{session_id}/turns", **described("read", answers=TURNS, raises=(NotFound,))
)
async def list_turns(
    request: Request, session_id: SessionId, limit: Limit = 20, after: After = None
) -> Response:
    """The turns of a session as a person saw them, oldest first."""
    visit = await admit(request, "read")
    found = await visit.sessions.turns(visit.owner, session_id, limit + 1, after)
    return json_answer(_page("turns", [record_object(record) for record in found], limit))


@router.patch(
    "/v1/sessions/{session_id}",
    **described(
        "chat",
        takes=Content(SessionChange, {"title": "My order"}),
        answers=INFO,
        raises=(NotFound,),
    ),
)
async def change_session(request: Request, session_id: SessionId) -> Response:
    """Gives a session a title, or metadata in place of what it had."""
    visit = await admit(request, "chat")
    body = await read_object(request, reception(request).max_body_bytes)
    change = checked(SessionChange, body)
    changed = await visit.sessions.lifecycle.label(
        visit.owner, session_id, change.title, change.metadata
    )
    return json_answer(changed)


@router.delete("/v1/sessions/{session_id}", **described("chat", answers=GONE, raises=(NotFound,)))
async def forget_session(request: Request, session_id: SessionId) -> Response:
    """Forgets a session and all its turns."""
    visit = await admit(request, "chat")
    await visit.sessions.forget(visit.owner, session_id)
    return json_answer({"session_id": session_id, "deleted": True})


def _page(name: str, found: Sequence[object], limit: int) -> dict[str, Any]:
    return {name: found[:limit], "has_more": len(found) > limit}
