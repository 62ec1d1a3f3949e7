"""`GET /openapi.json`: everything that the server answers, as an OpenAPI 3.1 document."""

from collections.abc import Mapping, Sequence
from copy import copy
from typing import Any

from fastapi import APIRouter
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from frontdesk import __version__
from frontdesk.server.answers import json_answer
from frontdesk.server.api_keys import SCOPES
from frontdesk.server.description import KEY, Content, Description, described
from frontdesk.server.reception import admit
from frontdesk.server.schemas import lifted

router = APIRouter()
ABOUT = (
    "Chat turns of many users, each apart from the others. Clients ignore fields, events and codes "
    "that they do not know: more may come. `docs/http.md` tells the whole of it."
)
CREDENTIAL = (
    "An API key (`frontdesk key create`) or a user's token (JWT) of the issuer that the server is "
    "set to trust. The scopes named at a route are alternatives: one is enough. A server that "
    "listens on loopback while there is no key and no issuer takes requests without."
)
Part = Mapping[str, Any]


def _header(meaning: str, example: str, **schema: Any) -> Part:
    return {
        "description": meaning,
        "schema": {"type": "string", **schema},
        "example": example,
    }


REQUEST_ID = _header("Names the request in the server's log; a safe one is kept.", "req_5f0c2a9b")
HEADERS: Mapping[str, Part] = {
    "X-Request-Id": REQUEST_ID,
    "Retry-After": _header("After how many seconds to come back.", "5", pattern="^[0-9]+$"),
    "WWW-Authenticate": _header("How to say who is calling.", "Bearer"),
}
PARAMETERS: Mapping[str, Part] = {
    "X-Request-Id": REQUEST_ID,
    "X-Frontdesk-User": _header(
        "Who is speaking; for keys with the scope `act-as-user` or, where somebody decides for a "
        "user, `approve`.",
        "ann",
        pattern="^(?!key:)[!-~]([ -~]{0,126}[!-~])?$",
    ),
    "Idempotency-Key": _header(
        "The same key and body give the same turn, never a second one.",
        "order-2024-1001-a",
        pattern="^[!-~]{1,255}$",
    ),
}


def document(routes: Sequence[BaseRoute]) -> dict[str, Any]:
    """The OpenAPI document of these routes.

    Raises:
        ValueError: two types of one name are not the same.
    """
    ours = [route for route in routes if isinstance(route, APIRoute)]
    made = get_openapi(
        title="frontdesk", version=__version__, description=ABOUT, routes=list(map(_plain, ours))
    )
    for route in ours:
        for method in route.methods or ():
            _tell(route, made["paths"][route.path_format][method.lower()])
    for route in ours:
        _link(route, made["paths"], ours)
    components = made.setdefault("components", {})
    components["schemas"] = lifted(made)
    components["headers"] = dict(HEADERS)
    components["parameters"] = {
        name: {"name": name, "in": "header", **header} for name, header in PARAMETERS.items()
    }
    scheme = {"type": "http", "scheme": "bearer", "description": CREDENTIAL}
    components["securitySchemes"] = {"bearer": scheme}
    return made


def _plain(route: APIRoute) -> APIRoute:
    """The route as FastAPI describes it: its path and its parameters."""
    route = copy(route)
    route.operation_id, route.openapi_extra = route.name, None
    route.tags = [route.path.removeprefix("/v1").split("/")[1]]
    return route


def _tell(route: APIRoute, operation: dict[str, Any]) -> None:
    """Adds to the operation what the route says of itself."""
    if description := description_of(route):
        said = description.operation()
        said["parameters"] = [*operation.get("parameters", ()), *said["parameters"]]
        operation |= said
        operation["responses"] = {
            str(status): answer for status, answer in sorted(description.responses().items())
        }


def _link(route: APIRoute, paths: dict[str, Any], routes: Sequence[APIRoute]) -> None:
    """Says at each good answer with which other routes it can be gone on."""
    description = description_of(route)
    links = {
        _name(other): {
            "operationId": other.name,
            "parameters": {field: f"$response.body#/{field}"},
        }
        for field in (description.links if description else ())
        for other in routes
        if other.param_convertors.keys() == {field} and other is not route
    }
    for method in route.methods or ():
        answers = paths[route.path_format][method.lower()]["responses"]
        for status, answer in answers.items():
            if links and status.startswith("2") and "content" in answer:
                answer["links"] = links


def _name(route: APIRoute) -> str:
    return route.name.replace("_", " ").title().replace(" ", "")


def description_of(route: APIRoute) -> Description | None:
    """What the route says of itself, if it is described."""
    found = (route.openapi_extra or {}).get(KEY)
    return found if isinstance(found, Description) else None


DOCUMENT = Content(dict[str, Any], {"openapi": "3.1.0", "paths": {}})


@router.get("/openapi.json", **described(*sorted(SCOPES), answers=DOCUMENT))
async def show_document(request: Request) -> Response:
    """This document, for every caller whom the server knows."""
    await admit(request, *SCOPES, named=False)
    app = request.app
    app.openapi_schema = app.openapi_schema or document(app.routes)
    return json_answer(app.openapi_schema)
