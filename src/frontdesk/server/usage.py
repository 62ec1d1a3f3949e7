"""What was used: by the caller, or by the caller's tenant."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from frontdesk.contract.errors import InvalidRequest
from frontdesk.contract.usage import Used
from frontdesk.server import examples
from frontdesk.server.answers import json_answer
from frontdesk.server.description import Content, described
from frontdesk.server.reception import admit
from frontdesk.server.shapes import UsageReport
from frontdesk.sessions.usage import MOST_DAYS, Day, Group, Table

ADMIN = "admin"
USUAL_DAYS = 30
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
MOST_USERS = 1000

router = APIRouter()
FIRST = "The first day (UTC); 30 days before `to`."
DATE = {"format": "date"}
From = Annotated[str | None, Query(alias="from", description=FIRST, json_schema_extra=DATE)]
To = Annotated[str | None, Query(description="The last day (UTC); today.", json_schema_extra=DATE)]
Users = Annotated[
    int, Query(alias="limit", ge=1, le=MOST_USERS, description="Of a tenant, how many users.")
]


@router.get("/v1/usage", **described("read", ADMIN, answers=Content(UsageReport, examples.USAGE)))
async def show_usage(
    request: Request,
    first: From = None,
    to: To = None,
    group_by: Group = "day",
    limit: Users = 100,
) -> Response:
    """Turns, tokens and USD of the caller; with the scope `admin`, of the tenant, also by user."""
    visit = await admit(request, "read", ADMIN)
    days, usage = days_of(first, to), visit.sessions.usage
    whole = ADMIN in visit.caller.scopes
    holder = usage.tenant(visit.caller.tenant) if whole else visit.owner
    found = await usage.read(holder, *days)
    return json_answer(usage_object(found, days, group_by, limit if whole else None))


def days_of(first: str | None, last: str | None) -> tuple[date, date]:
    """The days that were asked for, as `YYYY-MM-DD`; else the last 30.

    Raises:
        InvalidRequest: there is no such day, or they are too many.
    """
    try:
        end = _day(last) if last is not None else datetime.now(UTC).date()
        start = _day(first) if first is not None else end - timedelta(days=USUAL_DAYS - 1)
    except (ValueError, OverflowError):
        raise InvalidRequest("from, to: write a day as YYYY-MM-DD, in UTC.") from None
    if not 0 <= (end - start).days < MOST_DAYS:
        raise InvalidRequest(f"from, to: 1 to {MOST_DAYS} days, the first one first.")
    return start, end


def _day(text: str) -> date:
    if not DAY.fullmatch(text):  # Python reads more forms of a date than this one
        raise ValueError(text)
    return date.fromisoformat(text)


def usage_object(
    found: Iterable[Day], days: tuple[date, date], group: Group, users: int | None = None
) -> Mapping[str, Any]:
    """The sums of these days; with `users`, so many of a tenant's, those that cost most first."""
    known = list(found)
    told = {
        "from": days[0].isoformat(),
        "to": days[1].isoformat(),
        "group_by": group,
        "total": sum((day.total() for day in known), Used()),
        "groups": _groups(known, group),
    }
    if users is None:
        return told
    named = _dearest("user", _summed(known, "user"))
    return told | {"users": named[:users], "has_more": len(named) > users}


def _groups(found: Sequence[Day], group: Group) -> list[dict[str, Any]]:
    if group == "day":
        return [{"name": day.day.isoformat(), **asdict(day.total())} for day in found]
    return _dearest("name", _summed(found, group))


def _summed(found: Iterable[Day], table: str) -> Table:
    sums: dict[str, Used] = {}
    for day in found:
        for name, used in day.tables.get(table, {}).items():
            sums[name] = sums.get(name, Used()) + used
    return sums


def _dearest(what: str, table: Table) -> list[dict[str, Any]]:
    ordered = sorted(table.items(), key=lambda entry: (-Decimal(entry[1].cost_usd), entry[0]))
    return [{what: name, **asdict(used)} for name, used in ordered]
