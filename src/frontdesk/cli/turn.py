"""`frontdesk turn`: turns that wait for a person: listed, approved, rejected."""

import asyncio
from collections.abc import Sequence
from typing import Annotated

import typer

from frontdesk.assembly import open_desk, open_store
from frontdesk.cli.chat import Talk
from frontdesk.cli.options import AsJson, Tenant, User, checked_id, chosen_settings
from frontdesk.cli.screen import Screen, print_json, print_table
from frontdesk.config import Settings, load_secret
from frontdesk.contract.approvals import Decision
from frontdesk.contract.errors import InvalidRequest, NotFound
from frontdesk.contract.messages import Caller
from frontdesk.contract.turns import TurnResult
from frontdesk.server.answers import answer_object
from frontdesk.sessions.codec import dump
from frontdesk.sessions.store import Sessions

Approval = Annotated[str, typer.Option(help="Which one, where several wait.")]
Reason = Annotated[str, typer.Option(help="Why not; the model is told.")]


def build() -> typer.Typer:
    """The commands."""
    app = typer.Typer(help="Turns that wait for a person.", no_args_is_help=True)
    app.command("waiting")(list_waiting)
    app.command("approve")(approve)
    app.command("reject")(reject)
    return app


def list_waiting(tenant: Tenant = "local", user: User = "local", as_json: AsJson = False) -> None:
    """List what waits for approval, what expires first before the rest."""
    found = asyncio.run(_waiting(chosen_settings(talks=True), Caller(tenant, user)))
    if as_json:
        print_json([answer_object(turn) for turn in found])
    else:
        print_table(("TURN", "APPROVAL", "EXPIRES", "AGENT", "TOOL", "ARGUMENTS"), _rows(found))


def approve(
    turn: str,
    tenant: Tenant = "local",
    user: User = "local",
    approval: Approval = "",
    as_json: AsJson = False,
) -> None:
    """Approve a call; its turn then goes on here, to its end."""
    _decide(turn, Caller(tenant, user), Decision(approval, True), as_json)


def reject(
    turn: str,
    tenant: Tenant = "local",
    user: User = "local",
    approval: Approval = "",
    reason: Reason = "",
    as_json: AsJson = False,
) -> None:
    """Refuse a call; its turn then goes on here, to its end."""
    _decide(turn, Caller(tenant, user), Decision(approval, False, reason), as_json)


def _decide(turn: str, caller: Caller, decision: Decision, as_json: bool) -> None:
    settings, screen = chosen_settings(talks=True), None if as_json else Screen()
    result = asyncio.run(_decided(settings, checked_id(turn), caller, decision, screen))
    if as_json:
        print_json(answer_object(result))
    if result.status == "failed":
        raise typer.Exit(1)


async def _decided(
    settings: Settings, turn: str, caller: Caller, decision: Decision, screen: Screen | None
) -> TurnResult:
    async with open_desk(settings, recovers=False) as desk:
        sessions, owner = desk.sessions, desk.sessions.owner(caller)
        waiting = await sessions.result(owner, turn)
        known = [str(action["approval_id"]) for action in waiting.required_actions]
        chosen = decision.approval_id or _only(known)
        since = await sessions.approvals.since(owner, turn)
        talk = Talk(desk, caller, screen, waiting.session_id, turn, since)
        return await talk.decide(waiting, Decision(chosen, decision.approved, decision.reason))


def _only(known: Sequence[str]) -> str:
    if not known:
        raise NotFound("This turn waits for no approval.")
    if len(known) > 1:
        raise InvalidRequest(f"Several calls wait; choose one: --approval {known[0]}")
    return known[0]


async def _waiting(settings: Settings, caller: Caller) -> tuple[TurnResult, ...]:
    async with open_store(settings) as redis:
        sessions = Sessions(redis, load_secret(settings), settings)
        return await sessions.approvals.waiting(sessions.owner(caller))


def _rows(turns: Sequence[TurnResult]) -> list[tuple[str, ...]]:
    names = ("approval_id", "expires_at", "agent", "tool")
    return [
        (turn.turn_id, *(str(each[name]) for name in names), dump(each["arguments"]).decode())
        for turn in turns
        for each in turn.required_actions
    ]
