"""`frontdesk chat`: a conversation in the terminal, with a desk in this process or a server."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractAsyncContextManager, aclosing, contextmanager, suppress
from dataclasses import dataclass
from typing import Annotated, Any, Protocol, TypeVar

import typer
from anyio.from_thread import BlockingPortal, start_blocking_portal

from frontdesk.assembly import open_desk
from frontdesk.cli.options import AsJson, Tenant, User, checked_id, chosen_settings, typed
from frontdesk.cli.remote import RemoteTalk
from frontdesk.cli.screen import Screen, print_json
from frontdesk.client import Client
from frontdesk.config import Settings
from frontdesk.contract.approvals import Decision
from frontdesk.contract.errors import FrontdeskError, NotFound
from frontdesk.contract.events import TurnWaiting
from frontdesk.contract.messages import Caller, Message
from frontdesk.contract.turns import TurnResult
from frontdesk.desk import Desk
from frontdesk.server.answers import answer_object
from frontdesk.server.messages import turn_id_for

with suppress(ImportError):
    import readline  # noqa: F401 - input() edits lines and remembers them when it is there


Opened = TypeVar("Opened")


class Conversation(Protocol):
    """What a terminal talks to. The first answer's session goes on; without a screen nothing is
    shown.
    """

    screen: Screen | None
    session_id: str

    async def say(self, text: str) -> TurnResult:
        """Sends a message, and shows its turn until it ends or waits for a person."""

    async def cancel(self) -> None:
        """Has the turn that runs end early."""

    async def decide(self, waiting: TurnResult, *decisions: Decision) -> TurnResult:
        """Answers the calls that wait, and shows how their turn goes on."""


@dataclass(slots=True)
class Talk:
    """One user's conversation with a desk; the first answer's session goes on."""

    desk: Desk
    caller: Caller
    screen: Screen | None
    session_id: str = ""
    turn_id: str = ""
    seen: str | None = None

    async def say(self, text: str) -> TurnResult:
        """Sends a message and shows its turn as it comes; without a screen, only gives its result.

        Raises:
            FrontdeskError: the message was not taken in.
        """
        self.turn_id = turn_id_for(self.desk.sessions.owner(self.caller), None)
        message = Message(
            turn_id=self.turn_id,
            caller=self.caller,
            text=typed(text),
            session_id=self.session_id,
            channel="cli",
            stream=self.screen is not None,
        )
        self.seen = None
        begun = await self.desk.start(message)
        self.session_id = begun.session_id
        return await self._read(begun.turn_id)

    async def cancel(self) -> None:
        """Has the turn that runs end early."""
        with suppress(NotFound):  # it was not taken in, or not yet
            owner = self.desk.sessions.owner(self.caller)
            await self.desk.sessions.cancel(owner, self.turn_id)

    async def decide(self, waiting: TurnResult, *decisions: Decision) -> TurnResult:
        """Answers calls that wait and shows how their turn goes on.

        Raises:
            FrontdeskError: it does not wait for this, or not any more.
        """
        owner = self.desk.sessions.owner(self.caller)
        for decision in decisions:
            await self.desk.decide(owner, waiting.turn_id, decision)
        return await self._read(waiting.turn_id)

    async def _read(self, turn_id: str) -> TurnResult:
        """Shows a turn until it ends or waits for a person."""
        sessions, owner = self.desk.sessions, self.desk.sessions.owner(self.caller)
        async with aclosing(sessions.events(owner, turn_id, self.seen)) as events:
            async for self.seen, event in events:
                if self.screen:
                    self.screen.show(event)
                if isinstance(event, TurnWaiting):
                    result = await sessions.result(owner, turn_id)
                    if result.status == "waiting":
                        return result
        return await sessions.result(owner, turn_id)


def chat(
    session: Annotated[str, typer.Option(help="Go on with this session.")] = "",
    server: Annotated[
        str, typer.Option(help="Talk to this frontdesk server; its key: FRONTDESK_SERVER_KEY.")
    ] = "",
    tenant: Tenant = "local",
    user: User = "local",
    as_json: AsJson = False,
) -> None:
    """Chat in the terminal, or answer each line that is piped in."""
    settings = chosen_settings(talks=True)
    screen = None if as_json else Screen()
    goes_on = session and checked_id(session)
    if server:
        with opened(_client(settings, server, user)) as (portal, client):
            good = converse(portal, RemoteTalk(client, screen, goes_on))
    else:
        with opened(open_desk(settings)) as (portal, desk):
            good = converse(portal, Talk(desk, Caller(tenant, user), screen, goes_on))
    if not good:
        raise typer.Exit(1)


def _client(settings: Settings, server: str, user: str) -> Client:
    key = settings.server_key.get_secret_value() if settings.server_key else ""
    # Whoever is not named is whom the key speaks for.
    return Client(server, key, user="" if user == "local" else user)


@contextmanager
def opened(
    thing: AbstractAsyncContextManager[Opened],
) -> Iterator[tuple[BlockingPortal, Opened]]:
    """A desk or client that works in a thread of its own, so that this one may wait for a person
    to type.
    """
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(thing) as open_thing:
        yield portal, open_thing


def converse(portal: BlockingPortal, talk: Conversation) -> bool:
    """Says every line that comes in until there are no more or Ctrl-C; whether all turns went
    well. At a terminal, Ctrl-C during an answer ends only that answer.
    """
    good = True
    with suppress(KeyboardInterrupt):
        for text in _lines():
            good &= answer(portal, talk, text)
    if talk.screen and talk.session_id:
        talk.screen.aside(f"session {talk.session_id}; go on with: --session {talk.session_id}")
    return good


def answer(portal: BlockingPortal, talk: Conversation, text: str) -> bool:
    """Says one message; whether its turn went well. An error is one line, and the talk goes on."""
    try:
        result = _said(portal, talk, text)
        while result.status == "waiting" and talk.screen and sys.stdin.isatty():
            result = _decided(portal, talk, result)
    except FrontdeskError as error:
        typer.echo(f"frontdesk: {error.detail}", err=True)
        return False
    if talk.screen is None:
        print_json(answer_object(result))
    return result.status in ("completed", "blocked", "cancelled", "waiting")


def _decided(portal: BlockingPortal, talk: Conversation, waiting: TurnResult) -> TurnResult:
    """Asks about each call that waits; what is not clearly a yes is a no."""
    decisions = [_decision(action) for action in waiting.required_actions]
    return portal.call(talk.decide, waiting, *decisions)


def _decision(action: Mapping[str, Any]) -> Decision:
    said = input(f"Approve {action['tool']}? [y/N] ").strip().casefold()
    return Decision(action["approval_id"], said in ("y", "yes"))


def _said(portal: BlockingPortal, talk: Conversation, text: str) -> TurnResult:
    saying = portal.start_task_soon(talk.say, text)
    try:
        return saying.result()
    except KeyboardInterrupt:
        portal.call(talk.cancel)
        if sys.stdin.isatty():
            return saying.result()
        saying.cancel()
        raise


def _lines() -> Iterator[str]:
    prompt = "> " if sys.stdin.isatty() else ""
    try:
        while True:
            if text := input(prompt).strip():
                yield text
    except EOFError:
        typer.echo("\n" if prompt else "", nl=False)
