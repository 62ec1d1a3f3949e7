"""`POST /v1/turns/{turn_id}/feedback`: what the user thought of a turn."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from frontdesk.contract.context import Ledger
from frontdesk.contract.errors import GuardrailUnavailable, InvalidRequest, NotFound
from frontdesk.server import examples
from frontdesk.server.answers import json_answer
from frontdesk.server.bodies import read_object
from frontdesk.server.description import Content, described
from frontdesk.server.messages import FeedbackBody, checked
from frontdesk.server.reception import Visit, admit, reception
from frontdesk.server.shapes import GivenFeedback
from frontdesk.server.turns import TurnId

router = APIRouter()


@router.post(
    "/v1/turns/{turn_id}/feedback",
    **described(
        "chat",
        takes=Content(FeedbackBody, {"score": -1, "comment": "It was the wrong order."}),
        answers=Content(GivenFeedback, examples.FEEDBACK),
        raises=(NotFound, GuardrailUnavailable),
    ),
)
async def give_feedback(request: Request, turn_id: TurnId) -> Response:
    """Keeps what the user thought of a turn, in place of what it was before. The guardrails check
    the comment like a message.
    """
    visit = await admit(request, "chat")
    body = checked(FeedbackBody, await read_object(request, reception(request).max_body_bytes))
    comment = await _passed(visit, body.comment) if body.comment else ""
    kept = await visit.sessions.lifecycle.feedback.keep(visit.owner, turn_id, body.score, comment)
    shown = {"score": kept.score, "comment": kept.comment, "at": kept.at}
    return json_answer({"turn_id": turn_id, **shown})


async def _passed(visit: Visit, comment: str) -> str:
    """The comment as it may be kept.

    Raises:
        InvalidRequest: it may not.
    """
    verdict = await visit.desk.guards.input(comment, Ledger.of(visit.caller.tenant, comment))
    if verdict.action == "block":
        raise InvalidRequest(f"The comment was not taken: {verdict.text}")
    return verdict.text
