"""`frontdesk worker`: a process that runs turns in the background, and answers nobody."""

import asyncio
import signal

import typer

from frontdesk.assembly import open_desk
from frontdesk.cli.options import chosen_settings
from frontdesk.config import Settings
from frontdesk.contract.errors import SettingsError


def worker() -> None:
    """Run turns in the background, beside servers with FRONTDESK_WORKER=outside."""
    settings = chosen_settings(talks=False)
    if settings.worker != "outside":
        raise SettingsError(
            "Servers run their turns in the background themselves: set FRONTDESK_WORKER=outside for"
            " them and for workers, or do without a worker."
        )
    asyncio.run(_work(settings))


async def _work(settings: Settings) -> None:
    stopped = asyncio.Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(each, stopped.set)
    async with open_desk(settings, works=True):
        typer.echo("frontdesk worker runs", err=True)
        await stopped.wait()
