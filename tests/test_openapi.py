"""The OpenAPI document: every route is in it, and it says what the server does."""

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from fastapi import APIRouter
from fastapi.routing import APIRoute
from jsonschema import Draft202012Validator
from redis.asyncio import Redis
from referencing import Registry
from referencing.jsonschema import DRAFT202012
from starlette.requests import Request
from starlette.responses import Response
from tests.app_clients import app_on, client_of

from frontdesk.asgi import create_app
from frontdesk.config import Settings
from frontdesk.server.api_keys import SCOPES, ApiKeys
from frontdesk.server.description import Content, described
from frontdesk.server.openapi import description_of, document

APP = create_app(Settings(_env_file=None))
ROUTES = [route for route in APP.routes if isinstance(route, APIRoute)]
PATHS = {
    **{"session_id": "sess_1", "turn_id": "turn_1", "fact_id": "fact_1", "model": "frontdesk"},
    **{"response_id": "resp_1", "conversation_id": "conv_1", "item_id": "msg_1"},
}


class Nobody:
    """A desk that shows that a request went past the door: it has nothing behind it."""

    def __init__(self, redis: Redis) -> None:
        self.redis = redis
        self.sessions = self


@pytest.fixture(scope="module")
def openapi() -> dict[str, Any]:
    return document(APP.routes)


def name_of(route: APIRoute) -> str:
    return f"{'/'.join(sorted(route.methods or ()))} {route.path}"


def contents(part: Any) -> Iterator[dict[str, Any]]:
    """Every media type object below this part of the document."""
    if isinstance(part, dict):
        if "schema" in part:
            return
        yield from part.get("content", {}).values()
        part = list(part.values())
    if isinstance(part, list):
        for each in part:
            yield from contents(each)


def references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        part = list(part.values())
    if isinstance(part, list):
        for each in part:
            yield from references(each)


def validator(openapi: dict[str, Any], schema: dict[str, Any]) -> Draft202012Validator:
    registry: Registry[Any] = Registry().with_resource(
        "urn:openapi", DRAFT202012.create_resource(openapi)
    )
    return Draft202012Validator(_absolute(schema), registry=registry)


def _absolute(part: Any) -> Any:
    if isinstance(part, dict):
        return {
            name: f"urn:openapi{value}" if name == "$ref" else _absolute(value)
            for name, value in part.items()
        }
    return [_absolute(each) for each in part] if isinstance(part, list) else part


@pytest.mark.parametrize("route", ROUTES, ids=name_of)
def test_every_route_is_described(route: APIRoute) -> None:
    assert description_of(route), f'add **described(…) to "{route.path}"'


@pytest.mark.parametrize("route", ROUTES, ids=name_of)
def test_every_body_and_answer_has_an_example(route: APIRoute) -> None:
    description = description_of(route)
    assert description
    shown = [*description.takes, *(each for some in description.answers.values() for each in some)]

    assert [each.media for each in shown if each.example is None] == []


def test_no_reference_leads_nowhere(openapi: dict[str, Any]) -> None:
    for reference in set(references(openapi)):
        found: Any = openapi
        for step in reference.removeprefix("#/").split("/"):
            found = found[step]


def test_every_example_has_the_shape_that_the_document_says(openapi: dict[str, Any]) -> None:
    checked = 0
    for content in contents(openapi["paths"]):
        told = [each["value"] for each in content.get("examples", {}).values()]
        for example in (*told, *([content["example"]] if "example" in content else [])):
            validator(openapi, content["schema"]).validate(example)
            checked += 1

    assert checked > len(ROUTES)


def test_a_route_of_openais_protocols_tells_errors_in_their_form() -> None:
    router = APIRouter()

    @router.get("/v1/models", **described("chat", answers=Content(), form="openai"))
    async def models(request: Request) -> Response:
        return Response()

    answers = document(router.routes)["paths"]["/v1/models"]["get"]["responses"]

    assert answers["400"]["content"]["application/json"]["schema"]["$ref"].endswith("OpenAIFailure")
    assert "422" not in answers


def test_two_types_of_one_name_are_refused() -> None:
    router = APIRouter()
    for kind, path in (({"$defs": {"A": {"type": "string"}}}, "/a"), ({"$defs": {"A": {}}}, "/b")):
        said = described(answers=Content(kind))
        router.add_api_route(path, lambda: None, name=path, **said)

    with pytest.raises(ValueError, match="two types are named A"):
        document(router.routes)


@pytest.mark.parametrize("route", ROUTES, ids=name_of)
async def test_a_route_asks_for_the_scopes_that_the_document_says(
    route: APIRoute, redis: Redis
) -> None:
    description = description_of(route)
    assert description
    keys = ApiKeys(redis)
    others = SCOPES - set(description.scopes)
    async with client_of(app_on(Nobody(redis), Settings(_env_file=None))) as http:
        if others and description.scopes:
            assert await _status(http, route, keys, others) == 403
        for scope in description.scopes:
            assert await _status(http, route, keys, {scope}) not in (401, 403)
        assert await _status(http, route) == 401 if description.scopes else True


async def _status(
    http: httpx2.AsyncClient,
    route: APIRoute,
    keys: ApiKeys | None = None,
    scopes: frozenset[str] | set[str] = frozenset(),
) -> int:
    headers = {}
    if keys:
        _, key = await keys.create("acme", "ann", scopes)
        headers = {"Authorization": f"Bearer {key}"}
    (method,) = route.methods or {""}
    answer = await http.request(method, route.path_format.format(**PATHS), headers=headers)
    return answer.status_code


async def test_the_document_needs_no_network(ann_http: httpx2.AsyncClient) -> None:
    answer = await ann_http.get("/openapi.json")

    assert answer.json()["openapi"].startswith("3.1")
    assert answer.headers["content-type"] == "application/json"
    assert (await ann_http.get("/docs")).status_code == 404


async def test_the_data_of_events_has_the_shape_that_the_document_says(
    ann_http: httpx2.AsyncClient, openapi: dict[str, Any]
) -> None:
    body = {"message": "Where is my order 2024-1001?", "stream": True}
    stream = (await ann_http.post("/v1/chat", json=body)).text
    kinds = openapi["components"]["schemas"]["TurnEvent"]["oneOf"]
    schemas = {kind["properties"]["event"]["const"]: kind["properties"]["data"] for kind in kinds}
    events = re.findall(r"^event: (\S+)\ndata: (.*)$", stream, re.MULTILINE)
    for event, data in events:
        validator(openapi, schemas[event]["contentSchema"]).validate(json.loads(data))
    assert [event for event, _ in events][-1] == "turn.completed"


async def test_a_refused_method_is_told_all_that_the_address_takes(
    ann_http: httpx2.AsyncClient,
) -> None:
    one = await ann_http.put("/v1/sessions/sess_1")
    named = await ann_http.put("/v1/sessions/import")
    assert (one.headers["Allow"], named.headers["Allow"]) == ("DELETE, GET, PATCH", "POST")


def test_an_answer_says_with_which_routes_it_goes_on(openapi: dict[str, Any]) -> None:
    links = openapi["paths"]["/v1/chat"]["post"]["responses"]["200"]["links"]
    assert links["ShowTurn"] == {
        "operationId": "show_turn",
        "parameters": {"turn_id": "$response.body#/turn_id"},
    }
    assert "ListTurns" in links
