"""`frontdesk serve`: the HTTP server, in one process or several."""

import asyncio
import logging
import signal
import socket
import sys
from collections.abc import Callable
from functools import partial
from typing import Annotated, Any

import typer
import uvicorn
from fastapi import FastAPI
from uvicorn.supervisors import Multiprocess

from frontdesk.asgi import create_app
from frontdesk.assembly import open_store
from frontdesk.cli.options import chosen_settings
from frontdesk.config import Settings
from frontdesk.contract.errors import SettingsError
from frontdesk.server.addresses import read_networks
from frontdesk.server.connections import Bounds, Connections
from frontdesk.server.identity import open_identity
from frontdesk.tracing.logs import set_up_logs

if sys.platform != "win32":
    import resource

SPARE_FILES = 256  # of Redis, the models, logs
STARTS_S = 30
"""How long a worker process may take to answer its parent, most of all while it starts."""
DRAIN_S = 30
"""How long a server that stops waits for the answers that it is giving."""


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port; 0 takes a free one.")] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes that answer.")] = 1,
    reload_plugins: Annotated[
        bool | None,
        typer.Option("--reload-plugins", help="Run an edited plugin file anew; for development."),
    ] = None,
) -> None:
    """Serve the desk over HTTP."""
    settings = chosen_settings(talks=False, host=host, port=port, reload_plugins=reload_plugins)
    asyncio.run(_check(settings))
    with bound(settings.host, settings.port) as listener:
        typer.echo(f"frontdesk listens on {address(listener)}", err=True)
        # Every worker process calls this itself, so it must be a function that can be pickled.
        work = config(partial(_application, settings), settings, workers)
        if workers > 1:
            Multiprocess(work, sockets=[listener]).run()
        else:
            signal.signal(signal.SIGTERM, _stopped)  # what uvicorn raises again at its end
            run(work, listener)


def _application(settings: Settings) -> FastAPI:
    set_up_logs(settings)
    # The desk logs every turn; a line for every request on top would say less and cost more.
    logging.getLogger("uvicorn.access").propagate = False
    return create_app(settings)


def _stopped(_number: int, _frame: object) -> None:
    """A server that was told to stop has done what it should: the exit status is 0."""


async def _check(settings: Settings) -> None:
    """Says what is wrong before any process starts, in one line."""
    async with open_store(settings) as redis, open_identity(settings, redis):
        pass


def config(
    application: Callable[[], FastAPI], settings: Settings, workers: int = 1
) -> uvicorn.Config:
    """How uvicorn runs here."""
    connections: Any = Connections(bounds_of(settings))  # what uvicorn calls a class, it only calls
    return uvicorn.Config(
        application,
        factory=True,
        workers=workers,
        loop="auto",
        http=connections,
        proxy_headers=False,  # frontdesk itself reads them, of trusted proxies only
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=DRAIN_S,
        timeout_worker_healthcheck=STARTS_S,
    )


def bounds_of(settings: Settings) -> Bounds:
    """What connections may take, by the settings and by the files that this process may open."""
    return Bounds(
        open_files(settings.connections),
        settings.connections_per_address,
        settings.max_header_bytes,
        settings.header_timeout_s,
        settings.body_timeout_s,
        settings.idle_timeout_s,
        settings.write_timeout_s,
        read_networks(settings.trusted_proxies),
    )


def open_files(connections: int) -> int:
    """As many of the connections as there can be files for, after asking the system for more."""
    if sys.platform == "win32":
        return connections
    least, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + SPARE_FILES
    if least != resource.RLIM_INFINITY and least < wanted:
        least = wanted if most == resource.RLIM_INFINITY else min(wanted, most)
        resource.setrlimit(resource.RLIMIT_NOFILE, (least, most))
        return max(least - SPARE_FILES, 1)
    return connections


def run(work: uvicorn.Config, listener: socket.socket) -> None:
    """Serves until a signal stops it.

    Raises:
        SettingsError: it could not start; the log names the cause.
    """
    server = uvicorn.Server(work)
    try:
        server.run(sockets=[listener])
    except KeyboardInterrupt:
        return
    if not server.started:
        raise SettingsError("The server did not start; the log above names the cause.")


def bound(host: str, port: int) -> socket.socket:
    """A socket that listens there; callers wait in its queue until the server is up.

    Raises:
        SettingsError: the address is not ours or the port is taken.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise SettingsError(
            f"Cannot listen on {host}, port {port}: {error.strerror}. Choose another with --port; "
            "0 takes a free one."
        ) from None
    listener.set_inheritable(True)
    return listener


def address(listener: socket.socket) -> str:
    """The URL of a listening socket."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
