"""`frontdesk demo`: a small shop's desk, on real models or on one that is no AI."""

import asyncio
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from functools import partial
from typing import Annotated

import typer
import uvicorn
from anyio.from_thread import BlockingPortal

from frontdesk import demo as shop
from frontdesk.asgi import create_app
from frontdesk.assembly import open_desk
from frontdesk.cli.chat import Talk, answer, converse, opened
from frontdesk.cli.options import AsJson, chosen_settings
from frontdesk.cli.screen import Screen
from frontdesk.cli.serve import address, bound, config, run
from frontdesk.config import Settings
from frontdesk.contract.errors import SettingsError
from frontdesk.contract.messages import Caller
from frontdesk.desk import Desk

CALLER = Caller("local", "local")
HOST = "127.0.0.1"
TRY = """frontdesk demo on {url} - try it from another terminal:

  curl -s {url}/v1/chat -H 'Content-Type: application/json' \\
    -d '{{"message": "{question}"}}'
"""


def demo(
    ask: Annotated[str | None, typer.Option(help="Answer this one message and exit.")] = None,
    port: Annotated[int | None, typer.Option(help="Port; 0 takes a free one.")] = None,
    as_json: AsJson = False,
) -> None:
    """Serve a sample desk on this machine, or your own if FRONTDESK_PLUGINS_DIR is set; on a
    terminal, also chat with it. Without a key a model answers that is no AI.
    """
    settings = chosen_settings(talks=True, host=HOST, port=port, reload_plugins=True)
    typer.echo(notice(settings), err=as_json)
    if ask is not None:
        _ask(settings, ask, None if as_json else Screen())
    else:
        with _listener(settings) as listener:
            question = (
                "What can you do?" if settings.plugins_dir else "Where is my order 2024-1001?"
            )
            typer.echo(TRY.format(url=address(listener), question=question))
            sys.stdout.flush()
            (_chat_and_serve if sys.stdin.isatty() else _serve)(settings, listener)


def open_demo(settings: Settings) -> AbstractAsyncContextManager[Desk]:
    """The shop's desk, or your own where the settings name a folder of plugins; on real models
    where there is a key for them or another server's address.
    """
    models = None if _has_models(settings) else shop.DemoModels()
    if settings.plugins_dir:
        return open_desk(settings, models=models)
    return open_desk(
        shop.equipped(settings),
        plugins={"shop": shop.shop},
        models=models,
        policy=None if settings.guard_policy else shop.policy(),
    )


def notice(settings: Settings) -> str:
    """What answers in this demo."""
    if _has_models(settings):
        return f"Models: {settings.triage_model} first, {settings.specialist_model} if need be."
    models = f"{settings.triage_model} and {settings.specialist_model}"
    return f"{shop.NOTICE}\nUSD is what {models} would take for as many tokens; nothing is paid."


def _has_models(settings: Settings) -> bool:
    return bool(settings.openai_api_key or settings.openai_base_url)


def _ask(settings: Settings, text: str, screen: Screen | None) -> None:
    with opened(open_demo(settings)) as (portal, desk):
        if not answer(portal, Talk(desk, CALLER, screen), text):
            raise typer.Exit(1)


def _listener(settings: Settings) -> socket.socket:
    """Listens on the port that was asked for, else on the usual or, where that is taken, a free
    one.
    """
    try:
        return bound(HOST, settings.port)
    except SettingsError:
        if "port" in settings.model_fields_set:
            raise
        return bound(HOST, 0)


def _serve(settings: Settings, listener: socket.socket) -> None:
    run(config(partial(create_app, settings, open_desk=open_demo), settings), listener)


def _chat_and_serve(settings: Settings, listener: socket.socket) -> None:
    with opened(open_demo(settings)) as (portal, desk):
        _chat(portal, settings, desk, listener)


def _chat(portal: BlockingPortal, settings: Settings, desk: Desk, listener: socket.socket) -> None:
    with portal.wrap_async_context_manager(_served(settings, desk, listener)):
        typer.echo("Or type here; Ctrl-D leaves.\n")
        converse(portal, Talk(desk, CALLER, Screen()))


@asynccontextmanager
async def _served(settings: Settings, desk: Desk, listener: socket.socket) -> AsyncIterator[None]:
    """Serves the desk that is already open for the chat: both see the same sessions."""
    application = partial(create_app, settings, open_desk=lambda _: nullcontext(desk))
    server = uvicorn.Server(config(application, settings))
    async with asyncio.TaskGroup() as group:
        group.create_task(server.serve(sockets=[listener]))
        yield
        server.should_exit = True
