"""`POST /v1/chat`: a message in; its turn out, as one answer, as events, or as a receipt of being
taken in.
"""

from functools import partial

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from frontdesk.contract.turns import TurnResult
from frontdesk.server import examples
from frontdesk.server.answers import answer_object, json_answer
from frontdesk.server.bodies import read_object
from frontdesk.server.description import TURNS, Answers, Content, described
from frontdesk.server.messages import ChatBody, chat_body, message_of
from frontdesk.server.problems import problem_answer
from frontdesk.server.reception import Visit, admit, admit_stream, reception
from frontdesk.server.shapes import EVENTS, Answer
from frontdesk.server.turns import ended, ended_with_client, follow
from frontdesk.sessions.holds import Begun

router = APIRouter()
STREAM = Content(
    EVENTS, examples.EVENT, "text/event-stream", "With `stream`: events, each of this schema."
)
FORMS: Answers = {
    200: (
        Content(Answer, examples.ANSWER, note="The turn, ended or waiting for a person."),
        STREAM,
    ),
    202: Content(Answer, examples.IN_PROGRESS, note="With `background`: the turn, as it stands."),
    204: None,
}


@router.post(
    "/v1/chat",
    **described(
        "chat",
        takes=Content(ChatBody, {"message": "Where is my order 2024-1001?"}),
        answers=FORMS,
        raises=TURNS,
        headers=("Idempotency-Key",),
        links=("turn_id", "session_id"),
    ),
)
async def chat(request: Request) -> Response:
    """Starts a turn. The turn does not depend on the connection, unless `on_disconnect` says so:
    who leaves can come back to it.
    """
    visit = await admit(request, "chat")
    body = chat_body(await read_object(request, reception(request).max_body_bytes))
    message = message_of(body, request, visit)
    if message.stream:
        await admit_stream(request, visit)
    begun = await visit.desk.start(message)
    starts = begun.state in ("started", "queued")  # who finds a running turn again did not start it
    clings = starts and message.on_disconnect == "cancel"
    if message.stream:
        left = partial(visit.sessions.cancel, visit.owner, begun.turn_id) if clings else None
        return await follow(request, visit, begun.turn_id, left=left)
    if body.background:
        return _answer(request, await _so_far(visit, begun))
    if clings:
        return _answer(request, await ended_with_client(request, visit, begun.turn_id))
    return _answer(request, await ended(visit, begun.turn_id))


async def _so_far(visit: Visit, begun: Begun) -> TurnResult:
    if begun.state == "started":
        return TurnResult(begun.turn_id, begun.session_id, "in_progress")
    if begun.state == "queued":
        return TurnResult(begun.turn_id, begun.session_id, "queued")
    return await visit.sessions.result(visit.owner, begun.turn_id)


def _answer(request: Request, result: TurnResult) -> Response:
    if result.status == "failed" and result.error:
        return problem_answer(
            result.error, request, turn_id=result.turn_id, session_id=result.session_id
        )
    pending = result.status in ("queued", "in_progress")
    return json_answer(answer_object(result), 202 if pending else 200)
