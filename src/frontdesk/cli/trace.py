"""`frontdesk trace`: what happened in a turn, step by step."""

import asyncio

import typer

from frontdesk.agents.prices import price
from frontdesk.assembly import open_store
from frontdesk.cli.options import AsJson, Tenant, User, checked_id, chosen_settings
from frontdesk.cli.screen import print_json, safe
from frontdesk.config import Settings, load_secret
from frontdesk.contract.keys import owner_of
from frontdesk.tracing.spans import Spans
from frontdesk.tracing.store import Traces
from frontdesk.tracing.trace import Trace
from frontdesk.tracing.tree import lines


def build() -> typer.Typer:
    """The commands."""
    app = typer.Typer(help="What happened in a turn.", no_args_is_help=True)
    app.callback()(_group)
    app.command("show")(show)
    return app


def _group() -> None:
    """What happened in a turn."""


def show(
    turn: str, tenant: Tenant = "local", user: User = "local", as_json: AsJson = False
) -> None:
    """Print the steps of a turn as a tree: milliseconds, tokens, USD."""
    trace = asyncio.run(_load(chosen_settings(talks=True), tenant, user, checked_id(turn)))
    if as_json:
        print_json(trace)
    else:
        typer.echo(safe("\n".join(lines(trace, price))))


async def _load(settings: Settings, tenant: str, user: str, turn: str) -> Trace:
    async with open_store(settings) as redis:
        secret = load_secret(settings)
        traces = Traces(redis, secret, settings.trace_ttl_s, Spans())
        return await traces.load(owner_of(secret, tenant, user), turn)
