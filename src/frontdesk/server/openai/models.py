"""`GET /v1/models`: the desk, its agents, and the names that old applications know them by."""

from collections.abc import Iterator
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response
from typing_extensions import TypedDict

from frontdesk.contract.errors import NotFound
from frontdesk.desk import Desk
from frontdesk.server.answers import json_answer
from frontdesk.server.description import Content, described
from frontdesk.server.openai.aliases import ANY, DESK, Aliases
from frontdesk.server.openai.errors import unknown_model
from frontdesk.server.reception import admit, reception

router = APIRouter()
CREATED = 1_700_000_000
"""When the models were made, which clients want to be told: agents have no such time."""


class Model(TypedDict):
    """What a client may name as `model`: the desk, an agent of it, or another name of one."""

    id: str
    object: str
    created: int
    owned_by: str
    name: str
    description: str


EXAMPLE: Model = {
    "id": "frontdesk",
    "object": "model",
    "created": CREATED,
    "owned_by": DESK,
    "name": "frontdesk",
    "description": "The desk: its first agent answers or hands over.",
}


class ModelList(TypedDict):
    """All of them."""

    object: str
    data: list[Model]


@router.get(
    "/v1/models",
    **described(
        "chat",
        "read",
        answers=Content(ModelList, {"object": "list", "data": [EXAMPLE]}),
        form="openai",
    ),
)
async def list_models(request: Request) -> Response:
    """What a client may name as `model`."""
    visit = await admit(request, "chat", "read", named=False)
    found = list(_models(visit.desk, reception(request).aliases))
    return json_answer({"object": "list", "data": found})


@router.get(
    "/v1/models/{model:path}",
    **described("chat", "read", answers=Content(Model, EXAMPLE), raises=(NotFound,), form="openai"),
)
async def show_model(request: Request, model: str) -> Response:
    """One of them."""
    visit = await admit(request, "chat", "read", named=False)
    for each in _models(visit.desk, reception(request).aliases):
        if each["id"] == model:
            return json_answer(each)
    raise unknown_model(model)


def _models(desk: Desk, aliases: Aliases) -> Iterator[dict[str, Any]]:
    agents = {agent.name: agent.description for agent in desk.crew.agents}
    yield _model(DESK, "The desk: its first agent answers or hands over.")
    for name, description in agents.items():
        yield _model(name, description)
    for alias, target in aliases.names.items():
        if alias not in (ANY, DESK, *agents) and target in (DESK, *agents):
            yield _model(alias, f"Another name of {target}.")


def _model(name: str, description: str) -> dict[str, Any]:
    known = {"id": name, "object": "model", "created": CREATED, "owned_by": DESK}
    return {**known, "name": name, "description": description}
