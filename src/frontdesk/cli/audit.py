"""`frontdesk audit`: what was done to keys and as an administrator."""

import asyncio
from datetime import datetime
from typing import Annotated

import typer

from frontdesk.assembly import open_store
from frontdesk.cli.options import AsJson, Limit, chosen_settings, moment, operator
from frontdesk.cli.screen import print_json, print_table
from frontdesk.config import Settings
from frontdesk.server.audit import Audit, Entry


def build() -> typer.Typer:
    """The commands."""
    app = typer.Typer(help="The audit log.", no_args_is_help=True)
    app.command("list")(show)
    app.command("trim")(trim)
    return app


def show(limit: Limit = 100, as_json: AsJson = False) -> None:
    """List the last entries, oldest first."""
    entries = asyncio.run(_read(chosen_settings(talks=True), limit))
    if as_json:
        print_json(entries)
    else:
        head = ("AT", "ACTION", "BY", "ABOUT")
        print_table(head, [(e.at, e.action, e.by, _about(e)) for e in entries])


def trim(
    before: Annotated[str, typer.Argument(help="A date such as 2026-01-31 (UTC).")],
) -> None:
    """Delete the entries from before a date."""
    gone = asyncio.run(_trim(chosen_settings(talks=True), moment(before)))
    typer.echo(f"Deleted {gone} entries.")


async def _read(settings: Settings, limit: int) -> tuple[Entry, ...]:
    async with open_store(settings) as redis:
        return await Audit(redis).read(limit)


async def _trim(settings: Settings, before: datetime) -> int:
    async with open_store(settings) as redis:
        return await Audit(redis).trim(before, operator())


def _about(entry: Entry) -> str:
    return " ".join(f"{name}={value}" for name, value in entry.about.items())
