"""Lists as OpenAI cuts them: pages by cursor, newest first unless asked otherwise."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request

from frontdesk.server.openai.errors import Refused, refused

LIMIT = 20
MOST = 100


@dataclass(frozen=True, slots=True)
class Cut:
    """Which part of a list is asked for; `after` and `before` are ids of its objects."""

    limit: int = LIMIT
    newest_first: bool = True
    after: str | None = None
    before: str | None = None


def cut_of(request: Request, most: int = MOST) -> Cut:
    """What the query asks for.

    Raises:
        Refused: `limit` or `order` is none.
    """
    query = request.query_params
    order = query.get("order", "desc")
    if order not in ("asc", "desc"):
        known = "Supported values are: 'asc' and 'desc'."
        raise refused(f"Invalid value for 'order'. {known}", "order", "invalid_value")
    limit = _limit(query.get("limit", str(LIMIT)), most)
    return Cut(limit, order == "desc", query.get("after"), query.get("before"))


def included(request: Request) -> frozenset[str]:
    """What `include[]=a&include[]=b` asks for, as the SDKs send it, or `include=a`."""
    query = request.query_params
    return frozenset((*query.getlist("include[]"), *query.getlist("include")))


def page(objects: Iterable[Mapping[str, Any]], cut: Cut) -> dict[str, Any]:
    """The part of the objects, which come oldest first, each with an `id`.

    Raises:
        Refused: `after` or `before` is none of them.
    """
    found = list(objects)
    if cut.newest_first:
        found.reverse()
    first = _place(found, cut.after, "after") + 1 if cut.after else 0
    last = _place(found, cut.before, "before") if cut.before else len(found)
    between = found[first:last]
    # The page that ends at `before` is the one next to it.
    shown = between[-cut.limit :] if cut.before and not cut.after else between[: cut.limit]
    return list_object(shown, more=len(between) > len(shown))


def list_object(objects: Sequence[Mapping[str, Any]], *, more: bool = False) -> dict[str, Any]:
    """The list as its JSON object."""
    return {
        "object": "list",
        "data": objects,
        "first_id": objects[0]["id"] if objects else None,
        "last_id": objects[-1]["id"] if objects else None,
        "has_more": more,
    }


def _limit(given: str, most: int) -> int:
    if not (given.isascii() and given.isdecimal()) or len(given) > 9:
        raise refused("Invalid type for 'limit': expected an integer.", "limit", "invalid_type")
    limit = int(given)
    if limit < 1:
        raise _beyond("below minimum", ">= 1", limit, "integer_below_min_value")
    if limit > most:
        raise _beyond("above maximum", f"<= {most}", limit, "integer_above_max_value")
    return limit


def _beyond(side: str, allowed: str, given: int, code: str) -> Refused:
    words = f"Expected a value {allowed}, but got {given} instead."
    return refused(f"Invalid 'limit': integer {side} value. {words}", "limit", code)


def _place(found: Sequence[Mapping[str, Any]], cursor: str, param: str) -> int:
    for place, each in enumerate(found):
        if each["id"] == cursor:
            return place
    raise refused(f"Invalid value for '{param}': no such object.", param, "invalid_value")
