"""Whether the process lives, and whether it can serve."""

import asyncio

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from frontdesk.contract.errors import Draining, StoreUnavailable
from frontdesk.server.answers import json_answer
from frontdesk.server.description import Content, described
from frontdesk.server.reception import reception
from frontdesk.server.shapes import Alive, Ready
from frontdesk.sessions.connection import translated

router = APIRouter()
READY_WITHIN_S = 2.0


@router.get("/livez", **described(answers=Content(Alive, {"status": "alive"})))
async def livez() -> Response:
    """The process answers."""
    return json_answer({"status": "alive"})


@router.get(
    "/readyz", **described(answers=Content(Ready, {"status": "ready", "guardrail_failures": 0}))
)
async def readyz(request: Request) -> Response:
    """The process can serve: Redis answers in time, and it does not shut down."""
    if reception(request).desk.sessions.drivers.draining:
        raise Draining("This server is shutting down.", retry_after_s=1)
    try:
        async with asyncio.timeout(READY_WITHIN_S):
            with translated():
                await reception(request).desk.sessions.redis.ping()
    except TimeoutError:
        raise StoreUnavailable("Redis does not answer in time; try again later.") from None
    failures = sum(reception(request).desk.guards.failures.values())
    return json_answer({"status": "ready", "guardrail_failures": failures})
