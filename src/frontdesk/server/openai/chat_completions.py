"""`POST /v1/chat/completions`: a turn for clients of OpenAI's older protocol."""

import time
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from frontdesk.server.answers import json_answer
from frontdesk.server.description import TURNS, Content, described
from frontdesk.server.messages import turn_id_for
from frontdesk.server.openai.bodies import read_body
from frontdesk.server.openai.chat_answers import ChatForm, Reply, completion
from frontdesk.server.openai.chat_bodies import ChatCompletionBody, chat_completion_body
from frontdesk.server.openai.chat_messages import Filing, message_of
from frontdesk.server.openai.costs import costs
from frontdesk.server.openai.errors import under_way
from frontdesk.server.openai.filing import filing_of
from frontdesk.server.openai.streams import streamed
from frontdesk.server.reception import Visit, admit, admit_stream, reception
from frontdesk.server.schemas import DATA_EVENT
from frontdesk.server.turns import ended_with_client
from frontdesk.sessions.holds import Begun

router = APIRouter()
UNDER_WAY = ("queued", "in_progress")
ASKED = {
    "model": "frontdesk",
    "messages": [{"role": "user", "content": "Where is my order?"}],
    "stream": False,
}
ANSWERED = {
    "id": "chatcmpl-4be0643f1d98573b97cdca98a65347dd",
    "object": "chat.completion",
    "created": 1_790_000_000,
    "model": "frontdesk",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "It left on Monday.", "refusal": None},
            "logprobs": None,
            "finish_reason": "stop",
        }
    ],
    "usage": {"prompt_tokens": 412, "completion_tokens": 38, "total_tokens": 450},
}

CHUNKS = Content(
    DATA_EVENT,
    {"data": "[DONE]"},
    "text/event-stream",
    "With `stream`: events whose data is a `chat.completion.chunk`, the last one `[DONE]`.",
)


@router.post(
    "/v1/chat/completions",
    **described(
        "chat",
        answers={200: (Content(dict[str, Any], ANSWERED), CHUNKS)},
        takes=Content(ChatCompletionBody, ASKED),
        raises=TURNS,
        headers=("Idempotency-Key",),
        form="openai",
    ),
)
async def complete(request: Request) -> Response:
    """Starts a turn and answers it, whole or in chunks. It ends when the client leaves."""
    visit = await admit(request, "chat")
    body = chat_completion_body(await read_body(request))
    agent = _agent(request, visit, body.model)
    filing = filing_of(body, request, visit.owner, reception(request).side_calls)
    turn_id = turn_id_for(visit.owner, request.headers.get("idempotency-key"))
    message = message_of(
        body,
        visit.caller,
        turn_id,
        agent=agent,
        filing=filing,
        request_id=request.state.request_id,
        most_images=reception(request).images,
    )
    if body.stream:
        await admit_stream(request, visit)
    begun = await visit.desk.start(message)
    await _check_repeat(visit, begun)
    reply = _reply(body, turn_id)
    if body.stream:
        answer = await streamed(request, visit, turn_id, ChatForm(reply, request))
    else:
        result = await ended_with_client(request, visit, turn_id)
        answer = json_answer(completion(reply, result, request))
        answer.headers.update(costs(result))
    answer.headers.update(_names(begun, filing))
    return answer


def _agent(request: Request, visit: Visit, model: str) -> str:
    names = [agent.name for agent in visit.desk.crew.agents]
    return reception(request).aliases.agent(model, names)


def _reply(body: ChatCompletionBody, turn_id: str) -> Reply:
    format_ = body.response_format
    return Reply(
        turn_id,
        body.model,
        int(time.time()),
        body.stops,
        body.usage_wanted,
        whole=bool(format_ and format_.type != "text"),
    )


async def _check_repeat(visit: Visit, begun: Begun) -> None:
    """A repeat under the same Idempotency-Key gets the answer that there is.

    Raises:
        Refused: there is none yet.
    """
    if begun.state != "duplicate":
        return
    known = await visit.sessions.result(visit.owner, begun.turn_id)
    if known.status in UNDER_WAY:
        raise under_way()


def _names(begun: Begun, filing: Filing) -> dict[str, str]:
    session = {"x-frontdesk-session-id": begun.session_id} if filing.session_id else {}
    return {"x-frontdesk-turn-id": begun.turn_id, **session}
