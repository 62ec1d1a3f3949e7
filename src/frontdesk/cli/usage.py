"""`frontdesk usage`: what a user, or a whole tenant, has used."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, get_args

import typer

from frontdesk.assembly import open_store
from frontdesk.cli.options import AsJson, Tenant, chosen_settings
from frontdesk.cli.screen import print_json, print_table
from frontdesk.config import Settings, load_secret
from frontdesk.contract.errors import InvalidRequest
from frontdesk.contract.messages import Caller
from frontdesk.server.usage import MOST_USERS, days_of, usage_object
from frontdesk.sessions.store import Sessions
from frontdesk.sessions.usage import Group

SUMS = ("turns", "model_calls", "input_tokens", "cached_tokens", "output_tokens", "cost_usd")
Someone = Annotated[str | None, typer.Option(help="One user; else the whole tenant, by user.")]
FROM = typer.Option("--from", help="The first day (UTC), YYYY-MM-DD.")
TO = typer.Option("--to", help="The last day (UTC), YYYY-MM-DD.")
By = Annotated[str, typer.Option("--by", help="The groups: rung, agent, model or day.")]


def usage(
    tenant: Tenant = "local",
    user: Someone = None,
    first: Annotated[str | None, FROM] = None,
    last: Annotated[str | None, TO] = None,
    by: By = "day",
    as_json: AsJson = False,
) -> None:
    """Print turns, tokens and USD of a tenant or of one user, of the last 30 days."""
    group = _group(by)
    report = asyncio.run(_report(chosen_settings(talks=True), tenant, user, (first, last), group))
    if as_json:
        print_json(report)
        return
    _print(by.upper(), "name", report["groups"])
    if "users" in report:
        typer.echo("")
        _print("USER", "user", report["users"])


def _print(what: str, name: str, lines: Sequence[Mapping[str, Any]]) -> None:
    head = ("TURNS", "CALLS", "INPUT", "CACHED", "OUTPUT", "USD")
    print_table((what, *head), [(line[name], *(line[each] for each in SUMS)) for line in lines])


def _group(by: str) -> Group:
    known: tuple[Group, ...] = get_args(Group)
    for each in known:
        if each == by:
            return each
    raise InvalidRequest(f"--by is one of: {', '.join(known)}.")


async def _report(
    settings: Settings,
    tenant: str,
    user: str | None,
    days: tuple[str | None, str | None],
    group: Group,
) -> Mapping[str, Any]:
    first, last = days_of(*days)
    async with open_store(settings) as redis:
        sessions = Sessions(redis, load_secret(settings), settings)
        whole = sessions.usage.tenant(tenant)
        holder = whole if user is None else sessions.owner(Caller(tenant, user))
        found = await sessions.usage.read(holder, first, last)
    return usage_object(found, (first, last), group, MOST_USERS if user is None else None)
