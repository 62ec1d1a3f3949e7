"""The caller as a user: what is remembered of them, and how all of it is forgotten."""

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from frontdesk.contract.context import Ledger
from frontdesk.contract.errors import GuardrailUnavailable, NotFound
from frontdesk.contract.facts import Fact
from frontdesk.server import examples
from frontdesk.server.answers import json_answer
from frontdesk.server.bodies import read_object
from frontdesk.server.description import Content, described
from frontdesk.server.messages import ID, Strict, Words, checked
from frontdesk.server.reception import admit, reception
from frontdesk.server.shapes import FactList, ForgottenFact
from frontdesk.sessions.erasure import Erased
from frontdesk.sessions.facts import LONGEST_FACT
from frontdesk.tools.memory import Memory

router = APIRouter()
FactId = Annotated[str, Path(pattern=ID)]

FACTS = Content(FactList, {"facts": [examples.FACT]})
FORGOTTEN = Content(ForgottenFact, {"id": examples.FACT.id, "deleted": True})
ERASED = Content(Erased, {"deleted": {"sessions": 2, "turns": 9, "facts": 1}, "remaining": 0})


class NewFact(Strict):
    """What `POST /v1/users/me/facts` takes."""

    fact: Annotated[Words, Field(max_length=LONGEST_FACT)]


@router.get("/v1/users/me/facts", **described("read", answers=FACTS))
async def list_facts(request: Request) -> Response:
    """What the caller asked to remember, oldest first."""
    visit = await admit(request, "read")
    return json_answer({"facts": await visit.sessions.facts.list(visit.owner)})


@router.post(
    "/v1/users/me/facts",
    **described(
        "chat",
        takes=Content(NewFact, {"fact": "Prefers tea to coffee."}),
        answers={201: Content(Fact, examples.FACT)},
        raises=(GuardrailUnavailable,),
    ),
)
async def keep_fact(request: Request) -> Response:
    """Remembers a fact, if the guardrails let it pass."""
    visit = await admit(request, "chat")
    body = await read_object(request, reception(request).max_body_bytes)
    memory = Memory(visit.sessions, visit.desk.guards.input)
    fact = checked(NewFact, body).fact
    kept = await memory.keep(visit.caller, fact, Ledger.of(visit.caller.tenant, fact))
    return json_answer(kept, 201)


@router.delete(
    "/v1/users/me/facts/{fact_id}", **described("chat", answers=FORGOTTEN, raises=(NotFound,))
)
async def forget_fact(request: Request, fact_id: FactId) -> Response:
    """Forgets a fact."""
    visit = await admit(request, "chat")
    await visit.sessions.facts.forget(visit.owner, fact_id)
    return json_answer({"id": fact_id, "deleted": True})


@router.delete("/v1/users/me", **described("chat", answers=ERASED))
async def forget_user(request: Request) -> Response:
    """Forgets the caller everywhere; tells how many keys of each kind went, and that none is
    left.
    """
    visit = await admit(request, "chat")
    return json_answer(await visit.sessions.erasure.forget(visit.owner, visit.caller.tenant))
