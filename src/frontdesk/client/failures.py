"""What a server answered instead of what was asked for, as the errors that everybody knows."""

from collections.abc import Iterator
from typing import Any

import httpx2
import orjson

from frontdesk.contract.errors import BudgetExhausted, Fenced, FrontdeskError

MOST_WAIT_S = 30
PASSING = (429, 503)


class Unreachable(FrontdeskError):
    """The server did not answer, or broke off; told by the client, never by a server."""

    code, status, title = "unreachable", 503, "Server unreachable"


def failure_of(answer: httpx2.Response) -> FrontdeskError:
    """The answer's problem (RFC 9457) as the error of its code. What is no problem, such as a
    proxy's page, is `Unreachable`.
    """
    try:
        said = orjson.loads(answer.content)
        detail, code = str(said["detail"]), said["code"]
    except (orjson.JSONDecodeError, TypeError, KeyError):
        return Unreachable(
            f"The server answered {answer.status_code}, and not as frontdesk does.",
            retry_after_s=_retry_after(answer),
        )
    kind = _kinds().get(code, FrontdeskError)
    return kind(detail, retry_after_s=_retry_after(answer), turn_id=_text(said.get("turn_id")))


def passes(answer: httpx2.Response, failure: FrontdeskError) -> bool:
    """Whether the same request may be answered in a moment. What names a turn is how that turn
    ended, or which one is in the way: asking again changes nothing.
    """
    if answer.status_code not in PASSING or failure.turn_id or isinstance(failure, BudgetExhausted):
        return False
    return (failure.retry_after_s or 0) <= MOST_WAIT_S


def unreachable(error: httpx2.TransportError) -> Unreachable:
    """A connection that failed."""
    return Unreachable(f"The server cannot be reached ({type(error).__name__}).")


def _kinds() -> dict[str, type[FrontdeskError]]:
    named = (kind for kind in _below(FrontdeskError) if "code" in vars(kind))
    return {kind.code: kind for kind in named if kind is not Fenced}


def _below(kind: type[FrontdeskError]) -> Iterator[type[FrontdeskError]]:
    for child in kind.__subclasses__():
        yield child
        yield from _below(child)


def _retry_after(answer: httpx2.Response) -> int | None:
    given = answer.headers.get("retry-after", "")
    return int(given) if given.isdecimal() and len(given) < 9 else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
