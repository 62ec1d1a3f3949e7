"""What the tests over every route know of each: which ids its parameters are, and which bodies it
takes. A route that is not told here, or by its own parameters, fails them.
"""

import asyncio
import re
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import httpx2
from fastapi import FastAPI
from fastapi.routing import APIRoute

PATHS: Mapping[str, tuple[str, ...]] = {
    "session_id": ("session",),
    "turn_id": ("turn", "waiting"),
    "fact_id": ("fact",),
    "response_id": ("response",),
    "conversation_id": ("conversation",),
    "item_id": ("item",),
    "model": ("model",),
}
"""Path parameter -> what it is the id of."""

QUERIES: Mapping[str, str] = {
    "GET /v1/sessions?after": "<session>",
    "GET /v1/sessions/{session_id}/turns?after": "<turn>",
    "GET /v1/turns/{turn_id}/events?after": "1-0",
    "GET /v1/usage?from": "2026-11-01",
    "GET /v1/usage?to": "2026-11-30",
    "GET /v1/usage?group_by": "agent",
    "?limit": "10",
}
"""Parameter of a query, of a route or of all -> what is asked."""

OPENAIS: Mapping[str, tuple[Mapping[str, str], ...]] = {
    "GET /v1/responses/{response_id}": (
        {"stream": "true"},
        {"stream": "true", "starting_after": "1"},
    ),
    "GET /v1/responses/{response_id}/input_items": ({"after": "<item>", "order": "asc"},),
    "GET /v1/conversations/{conversation_id}/items": ({"after": "<item>", "limit": "1"},),
}
"""Queries that OpenAI's routes read by themselves, as they ignore what they do not know."""

BODIES: Mapping[str, tuple[Any, ...]] = {
    "POST /v1/chat": (
        {"message": "Hello"},
        {"message": "Hello", "stream": True},
        {"message": "Hello", "session_id": "<session>"},
        {"message": "Hello", "session_id": "<session>", "stream": True},
        {"message": "Hello", "session_id": "<session>", "background": True},
        {"message": "Hello", "session_id": "<session>", "on_busy": "interrupt"},
    ),
    "POST /v1/turns/{turn_id}/cancel": (None, {"mode": "after_model_call"}),
    "POST /v1/turns/{turn_id}/approvals": (
        {"approval_id": "<approval>", "decision": "approve"},
        {"approval_id": "<approval>", "decision": "reject"},
    ),
    "POST /v1/turns/{turn_id}/pin": (None,),
    "POST /v1/turns/{turn_id}/feedback": ({"score": 1, "comment": "Fine"},),
    "PATCH /v1/sessions/{session_id}": ({"title": "Mine"}, {"metadata": {"a": "b"}}),
    "POST /v1/sessions/import": ({"is": "no session"},),
    "POST /v1/users/me/facts": ({"fact": "I like tea."},),
    "POST /v1/chat/completions": (
        {"model": "frontdesk", "messages": [{"role": "user", "content": "Hello"}]},
    ),
    "POST /v1/responses": (
        {"model": "frontdesk", "input": "Hello"},
        {"model": "frontdesk", "input": "Hello", "previous_response_id": "<response>"},
        {"model": "frontdesk", "input": "Hello", "conversation": "<conversation>"},
        {"model": "frontdesk", "input": "Hello", "conversation": {"id": "<conversation>"}},
        {"model": "frontdesk", "input": [{"type": "item_reference", "id": "<item>"}]},
        {"model": "frontdesk", "input": "Hello", "previous_response_id": "<response>"}
        | {"background": True},
    ),
    "POST /v1/responses/{response_id}/cancel": (None,),
    "POST /v1/conversations": ({"metadata": {"a": "b"}},),
    "POST /v1/conversations/{conversation_id}": ({"metadata": {"a": "b"}},),
    "POST /v1/conversations/{conversation_id}/items": (
        {"items": [{"type": "message", "role": "user", "content": "Hello"}]},
    ),
}
"""What each route that takes a body, or may, is sent."""

WITHIN_S = 20.0
"""No answer takes longer; a stream that would not end is a mistake of the table."""
PLACE = re.compile(r"<(\w+)>")
OPENAI = ("/v1/chat/completions", "/v1/models", "/v1/responses", "/v1/conversations")
SHARED = frozenset({"model"})
"""What belongs to nobody."""


@dataclass(frozen=True, slots=True)
class Question:
    """A request with places for ids: `<kind>` in path, query and body."""

    route: str
    method: str
    path: str
    body: Any = None
    query: Mapping[str, str] = field(default_factory=dict)

    @property
    def places(self) -> tuple[str, ...]:
        """What ids it asks with."""
        return tuple(dict.fromkeys(PLACE.findall(f"{self.path} {self.query} {self.body}")))

    @property
    def kinds(self) -> tuple[str, ...]:
        """The same without what is nobody's."""
        return tuple(kind for kind in self.places if kind not in SHARED)

    @property
    def is_openai(self) -> bool:
        """Whether it is one of OpenAI's routes."""
        return self.path.startswith(OPENAI)

    async def ask(
        self,
        http: httpx2.AsyncClient,
        ids: Mapping[str, str],
        headers: Mapping[str, str],
        **more: Any,
    ) -> httpx2.Response:
        """Sends it with these ids in their places; `more` are fields on top of the body."""
        body = self.body if self.body is None else filled(self.body, ids)
        async with asyncio.timeout(WITHIN_S):
            return await http.request(
                self.method,
                PLACE.sub(lambda found: quote(ids[found[1]], safe=""), self.path),
                params=filled(dict(self.query), ids),
                json=body if not more else {**(body or {}), **more},
                headers={"X-Request-Id": "same", **headers},
            )


def questions(app: FastAPI) -> tuple[Question, ...]:
    """Every way to ask every route; what ends a user as a whole comes last.

    Raises:
        AssertionError: a route has a parameter or takes a body that is not told here.
    """
    found = [each for route in api_routes(app) for each in _questions(route)]
    return tuple(sorted(found, key=lambda each: each.route == "DELETE /v1/users/me"))


def api_routes(app: FastAPI) -> tuple[APIRoute, ...]:
    """The routes of the application."""
    return tuple(route for route in app.routes if isinstance(route, APIRoute))


def names(app: FastAPI) -> set[str]:
    """The routes as `METHOD path`."""
    return {f"{method} {route.path}" for route in api_routes(app) for method in route.methods or ()}


def missing(an_id: str) -> str:
    """An id that looks like this one and is nobody's."""
    kind, mark, rest = an_id.rpartition("_")
    return f"{kind}{mark}{secrets.token_hex(len(rest))[: len(rest)]}"


def filled(template: Any, ids: Mapping[str, str]) -> Any:
    """The template with the ids in their places."""
    if isinstance(template, dict):
        return {name: filled(value, ids) for name, value in template.items()}
    if isinstance(template, list):
        return [filled(value, ids) for value in template]
    found = PLACE.fullmatch(template) if isinstance(template, str) else None
    return ids[found[1]] if found else template


def _questions(route: APIRoute) -> Iterator[Question]:
    for method in sorted(route.methods or ()):
        name = f"{method} {route.path}"
        for path in _paths(route):
            for body in _bodies(name):
                yield Question(name, method, path, body)
            for query in (*_queries(name, route), *OPENAIS.get(name, ())):
                yield Question(name, method, path, _bodies(name)[0], query)


def _paths(route: APIRoute) -> Iterator[str]:
    """The path with each kind of id in the place of its parameters."""
    paths = [re.sub(r":\w+(?=\})", "", route.path)]
    for parameter in route.param_convertors:
        assert parameter in PATHS, f"Tell in tests/route_table.py what {parameter} is an id of."
        kinds = PATHS[parameter]
        paths = [p.replace(f"{{{parameter}}}", f"<{kind}>") for p in paths for kind in kinds]
    yield from paths


def _bodies(name: str) -> tuple[Any, ...]:
    if name.startswith(("GET ", "DELETE ", "HEAD ")):
        return (None,)
    assert name in BODIES, f"Tell in tests/route_table.py what {name} is sent."
    return BODIES[name]


def _queries(name: str, route: APIRoute) -> Iterator[Mapping[str, str]]:
    for parameter in route.dependant.query_params:
        asked = QUERIES.get(f"{name}?{parameter.alias}", QUERIES.get(f"?{parameter.alias}"))
        assert asked, f"Tell in tests/route_table.py what {name}?{parameter.alias} is asked."
        yield {parameter.alias: asked}
