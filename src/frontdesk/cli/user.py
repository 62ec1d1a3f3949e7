"""`frontdesk user`: a user as a whole: forgotten everywhere."""

import asyncio
from typing import Annotated

import typer

from frontdesk.assembly import open_store
from frontdesk.cli.options import AsJson, Tenant, chosen_settings, operator
from frontdesk.cli.screen import print_json, print_table
from frontdesk.config import Settings, load_secret
from frontdesk.contract.errors import StoreUnavailable
from frontdesk.contract.keys import owner_of
from frontdesk.server.audit import Audit
from frontdesk.sessions.erasure import Erased, Erasure


def build() -> typer.Typer:
    """The commands."""
    app = typer.Typer(help="A user as a whole.", no_args_is_help=True)
    app.callback()(_group)
    app.command("forget")(forget)
    return app


def _group() -> None:
    """A user as a whole."""


def forget(
    user: Annotated[str, typer.Option(help="Who is forgotten.")],
    tenant: Tenant = "local",
    as_json: AsJson = False,
) -> None:
    """Delete everything that a user left: sessions, turns, events, traces, kept answers, facts."""
    erased = asyncio.run(_forget(chosen_settings(talks=True), tenant, user))
    if as_json:
        print_json(erased)
    else:
        print_table(("KIND", "DELETED"), list(erased.deleted.items()))
    if erased.remaining:
        raise StoreUnavailable(
            f"{erased.remaining} keys came while the others went: the user is talking. Try again."
        )


async def _forget(settings: Settings, tenant: str, user: str) -> Erased:
    async with open_store(settings) as redis:
        await Audit(redis).record("user.forgotten", operator(), tenant=tenant, user=user)
        secret = load_secret(settings)
        return await Erasure(redis, secret).forget(owner_of(secret, tenant, user), tenant)
