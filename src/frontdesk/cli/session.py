"""`frontdesk session`: a user's conversations: listed, shown, taken out and in, forgotten."""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import typer

from frontdesk.assembly import open_store
from frontdesk.cli.options import AsJson, Limit, Tenant, User, checked_id, chosen_settings
from frontdesk.cli.screen import Screen, print_json, print_table
from frontdesk.config import Settings, load_secret
from frontdesk.contract.errors import PayloadTooLarge
from frontdesk.contract.messages import Caller
from frontdesk.contract.turns import SessionInfo, TurnRecord
from frontdesk.guardrails.builtin import builtin_guardrails
from frontdesk.guardrails.chain import Guards
from frontdesk.guardrails.policy_file import policy_source
from frontdesk.guardrails.screening import screened
from frontdesk.server.answers import record_object
from frontdesk.sessions.store import Sessions
from frontdesk.sessions.transfer import MOST_BYTES, read_transfer


def build() -> typer.Typer:
    """The commands."""
    app = typer.Typer(help="The conversations of a user.", no_args_is_help=True)
    app.command("list")(list_sessions)
    app.command("show")(show)
    app.command("pin")(pin)
    app.command("unpin")(unpin)
    app.command("export")(export)
    app.command("import")(take_in)
    app.command("forget")(forget)
    return app


def list_sessions(
    tenant: Tenant = "local", user: User = "local", limit: Limit = 50, as_json: AsJson = False
) -> None:
    """List a user's sessions, the last used first."""
    found = asyncio.run(_list(chosen_settings(talks=True), Caller(tenant, user), limit))
    if as_json:
        print_json(found)
    else:
        print_table(
            ("SESSION", "UPDATED", "TURNS", "AGENT", "USD", "TITLE"),
            [
                (s.session_id, s.updated, s.totals.turns, s.agent, s.totals.cost_usd, s.title)
                for s in found
            ],
        )


def show(
    session: str,
    tenant: Tenant = "local",
    user: User = "local",
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """Print what was said in a session."""
    caller = Caller(tenant, user)
    records = asyncio.run(_turns(chosen_settings(talks=True), caller, checked_id(session), limit))
    if as_json:
        print_json([record_object(record) for record in records])
    else:
        _print(records)


def pin(turn: str, tenant: Tenant = "local", user: User = "local") -> None:
    """Have a turn (`show` lists them) stay in its session's window, however long that gets."""
    asyncio.run(_pin(chosen_settings(talks=True), Caller(tenant, user), checked_id(turn)))
    typer.echo(f"Pinned {turn}.")


def unpin(turn: str, tenant: Tenant = "local", user: User = "local") -> None:
    """Take the pin of a turn away."""
    asyncio.run(_unpin(chosen_settings(talks=True), Caller(tenant, user), checked_id(turn)))
    typer.echo(f"Unpinned {turn}.")


def export(session: str, tenant: Tenant = "local", user: User = "local") -> None:
    """Print everything of a session as JSON Lines, for `import`."""
    asyncio.run(_export(chosen_settings(talks=True), Caller(tenant, user), checked_id(session)))


def take_in(file: typer.FileBinaryRead, tenant: Tenant = "local", user: User = "local") -> None:
    """Make a new session of an exported one (`-` reads standard input) and print its id. The
    guardrails of the policy check it, those of plugins do not.
    """
    data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise PayloadTooLarge(f"A session to import may have at most {MOST_BYTES} bytes.")
    typer.echo(asyncio.run(_take_in(chosen_settings(talks=True), Caller(tenant, user), data)))


def forget(session: str, tenant: Tenant = "local", user: User = "local") -> None:
    """Delete a session and all that it left: turns, events, traces."""
    caller = Caller(tenant, user)
    gone = asyncio.run(_forget(chosen_settings(talks=True), caller, checked_id(session)))
    typer.echo(f"Forgot {session}: {gone} keys deleted.")


def _print(records: Sequence[TurnRecord]) -> None:
    screen = Screen()
    for record in records:
        pinned = "pinned" if record.pinned else None
        rest = (record.status, record.rung, record.agent, record.code, pinned)
        screen.aside(" · ".join([record.at, record.id, *(part for part in rest if part)]))
        screen.line(f"> {record.user}")
        screen.line(record.answer)


@asynccontextmanager
async def _sessions(settings: Settings) -> AsyncIterator[Sessions]:
    async with open_store(settings) as redis:
        yield Sessions(redis, load_secret(settings), settings)


async def _list(settings: Settings, caller: Caller, limit: int) -> Sequence[SessionInfo]:
    async with _sessions(settings) as sessions:
        return await sessions.list(sessions.owner(caller), limit)


async def _turns(
    settings: Settings, caller: Caller, session: str, limit: int
) -> Sequence[TurnRecord]:
    async with _sessions(settings) as sessions:
        return await sessions.turns(sessions.owner(caller), session, limit)


async def _pin(settings: Settings, caller: Caller, turn: str) -> None:
    async with _sessions(settings) as sessions:
        await sessions.pins.pin(sessions.owner(caller), turn)


async def _unpin(settings: Settings, caller: Caller, turn: str) -> None:
    async with _sessions(settings) as sessions:
        await sessions.pins.unpin(sessions.owner(caller), turn)


async def _forget(settings: Settings, caller: Caller, session: str) -> int:
    async with _sessions(settings) as sessions:
        return await sessions.forget(sessions.owner(caller), session)


async def _export(settings: Settings, caller: Caller, session: str) -> None:
    async with _sessions(settings) as sessions:
        async for lines in sessions.lifecycle.export(sessions.owner(caller), session):
            sys.stdout.buffer.write(lines)


async def _take_in(settings: Settings, caller: Caller, data: bytes) -> str:
    guards = Guards((), policy_source(settings), compose=builtin_guardrails)
    session = await screened(read_transfer(data), guards, caller.tenant)
    async with _sessions(settings) as sessions:
        return (await sessions.lifecycle.take_in(sessions.owner(caller), session)).session_id
