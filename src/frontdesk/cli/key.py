"""`frontdesk key`: API keys, made once, listed without their secret, revoked."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated, TypeVar

import typer

from frontdesk.assembly import open_store
from frontdesk.cli.options import AsJson, chosen_settings, moment, operator
from frontdesk.cli.screen import print_json, print_table
from frontdesk.contract.errors import NotFound
from frontdesk.server.api_keys import DEFAULT_SCOPES, ApiKeys
from frontdesk.sessions.issued_keys import Key

Result = TypeVar("Result")
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
    expires: Annotated[
        str | None, typer.Option(help="Its end: 12h, 90d, or a date such as 2027-01-31 (UTC).")
    ] = None,
    trust_open_webui: Annotated[
        bool,
        typer.Option(
            "--trust-open-webui", help="Believe the plain header X-OpenWebUI-User-Id of its holder."
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make a key. It is shown this once; only its hash is kept."""
    scopes, end = scope or DEFAULT_SCOPES, _end(expires) if expires else None

    async def make(keys: ApiKeys) -> tuple[str, str]:
        trusts = trust_open_webui
        return await keys.create(
            tenant, user, scopes, name, expires=end, trusts_open_webui=trusts, by=operator()
        )

    key_id, key = _with_keys(make)
    if as_json:
        print_json({"id": key_id, "key": key})
    else:
        typer.echo(key)
        typer.echo(
            f"Keep it: it is not shown again. Revoke: frontdesk key revoke {key_id}", err=True
        )


def show(as_json: AsJson = False) -> None:
    """List the keys, without their secrets."""
    keys = _with_keys(ApiKeys.list)
    if as_json:
        print_json([{**asdict(key), "scopes": sorted(key.scopes)} for key in keys])
    else:
        head = ("ID", "TENANT", "USER", "SCOPES", "CREATED", "EXPIRES", "USED", "NAME")
        print_table(head, [_row(key) for key in keys])


def revoke(key_id: str) -> None:
    """Revoke a key: every process refuses it from its next request on."""
    if not _with_keys(lambda keys: keys.revoke(key_id, by=operator())):
        raise NotFound(f"There is no key {key_id}; `frontdesk key list` shows all.")
    typer.echo(f"Revoked {key_id}.")


def _row(key: Key) -> tuple[str, ...]:
    return (
        key.id,
        key.tenant,
        key.user or "-",
        ",".join(sorted(key.scopes)),
        key.created,
        key.expires or "-",
        key.used or "-",
        key.name,
    )


def _end(text: str) -> datetime:
    if found := re.fullmatch(r"(\d{1,5})([hd])", text):
        hours = int(found[1]) * (24 if found[2] == "d" else 1)
        return datetime.now(UTC) + timedelta(hours=hours)
    return moment(text)


def _with_keys(work: Callable[[ApiKeys], Awaitable[Result]]) -> Result:
    async def opened() -> Result:
        async with open_store(chosen_settings(talks=True)) as redis:
            return await work(ApiKeys(redis))

    return asyncio.run(opened())
