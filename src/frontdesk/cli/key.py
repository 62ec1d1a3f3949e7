"""`frontdesk key`: API keys, made once, listed without their secret, revoked."""

import asyncio
from dataclasses import asdict
from typing import Annotated

import typer

from frontdesk.assembly import open_store
from frontdesk.cli.options import AsJson, chosen_settings
from frontdesk.cli.screen import print_json, print_table
from frontdesk.config import Settings
from frontdesk.contract.errors import NotFound
from frontdesk.server.api_keys import DEFAULT_SCOPES, ApiKeys, Key

Scopes = Annotated[
    list[str] | None,
    typer.Option(
        "--scope", help="chat, read, act-as-user, approve, admin or tool:<name>; repeatable."
    ),
]


def build() -> typer.Typer:
    """The commands."""
    app = typer.Typer(help="API keys of the deployment.", no_args_is_help=True)
    app.command("create")(create)
    app.command("list")(show)
    app.command("revoke")(revoke)
    return app


def create(
    tenant: Annotated[str, typer.Option(help="The tenant that the key speaks for.")],
    user: Annotated[str | None, typer.Option(help="The user that the key speaks for.")] = None,
    scope: Scopes = None,
    name: Annotated[str, typer.Option(help="What the key is for.")] = "",
    as_json: AsJson = False,
) -> None:
    """Make a key. It is shown this once; only its hash is kept."""
    wanted = frozenset(scope) if scope else DEFAULT_SCOPES
    key_id, key = asyncio.run(_create(chosen_settings(talks=True), tenant, user, wanted, name))
    if as_json:
        print_json({"id": key_id, "key": key})
    else:
        typer.echo(key)
        typer.echo(
            f"Keep it: it is not shown again. Revoke: frontdesk key revoke {key_id}", err=True
        )


def show(as_json: AsJson = False) -> None:
    """List the keys, without their secrets."""
    keys = asyncio.run(_list(chosen_settings(talks=True)))
    if as_json:
        print_json([{**asdict(key), "scopes": sorted(key.scopes)} for key in keys])
    else:
        rows = [
            (
                key.id,
                key.tenant,
                key.user or "-",
                ",".join(sorted(key.scopes)),
                key.created,
                key.name,
            )
            for key in keys
        ]
        print_table(("ID", "TENANT", "USER", "SCOPES", "CREATED", "NAME"), rows)


def revoke(key_id: str) -> None:
    """Revoke a key: every process refuses it from its next request on."""
    if not asyncio.run(_revoke(chosen_settings(talks=True), key_id)):
        raise NotFound(f"There is no key {key_id}; `frontdesk key list` shows all.")
    typer.echo(f"Revoked {key_id}.")


async def _create(
    settings: Settings, tenant: str, user: str | None, scopes: frozenset[str], name: str
) -> tuple[str, str]:
    async with open_store(settings) as redis:
        return await ApiKeys(redis).create(tenant, user, scopes, name)


async def _list(settings: Settings) -> tuple[Key, ...]:
    async with open_store(settings) as redis:
        return await ApiKeys(redis).list()


async def _revoke(settings: Settings, key_id: str) -> bool:
    async with open_store(settings) as redis:
        return await ApiKeys(redis).revoke(key_id)
