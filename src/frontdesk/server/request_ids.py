"""The id of a request, on every answer, and the last net under every route."""

import re
import secrets

import structlog
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from frontdesk.contract.errors import place, problem
from frontdesk.server.problems import internal_error, problem_answer

SAFE = re.compile(r"[A-Za-z0-9._-]{1,64}")
logger = structlog.get_logger(__name__)


class RequestIds:
    """Gives each request an id, the client's own if it is a safe token, and answers a bug with a
    problem that shows nothing of the inside.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request (ASGI)."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = _id_for(scope)
        scope.setdefault("state", {})["request_id"] = request_id
        started = False

        async def stamped(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode())]
            await send(message)

        try:
            await self.app(scope, receive, stamped)
        except ClientDisconnect:
            return
        except Exception as error:  # noqa: BLE001 - the last net: logged, and answered if it can be
            report(error, request_id)
            if not started:
                answer = problem_answer(problem(internal_error()), Request(scope))
                await answer(scope, receive, stamped)


def report(error: Exception, request_id: str) -> None:
    """Logs a bug: its kind and its place, never its message, which may hold a user's text."""
    kind = type(error).__name__
    logger.error("request.crashed", error=kind, at=place(error), request_id=request_id)


def _id_for(scope: Scope) -> str:
    given = Headers(scope=scope).get("x-request-id", "")
    return given if SAFE.fullmatch(given) else f"req_{secrets.token_hex(12)}"
