"""`frontdesk reseal`: everything that is kept, sealed with the first key."""

import asyncio

import typer

from frontdesk.assembly import open_store
from frontdesk.cli.options import AsJson, chosen_settings
from frontdesk.cli.screen import print_json
from frontdesk.config import Settings
from frontdesk.contract.errors import StoreUnreadable
from frontdesk.sessions.resealing import Resealed, Resealing
from frontdesk.sessions.sealing import Sealing, open_sealing


def reseal(as_json: AsJson = False) -> None:
    """Seal what was written with an older key, or in the clear, with the first of
    FRONTDESK_ENCRYPTION_KEYS, while the desk is in use.
    """
    settings = chosen_settings(talks=True)
    sealing = open_sealing(settings)
    done = asyncio.run(_reseal(settings, sealing))
    if as_json:
        print_json(done)
    else:
        typer.echo(f"Sealed {done.sealed} values anew with the key {sealing.key_ids[0]}.")
    if done.changed:
        typer.echo(f"{done.changed} changed meanwhile: run it again.", err=True)
    if done.closed:
        said = ", ".join(f"{count} {why}" for why, count in done.closed.items())
        raise StoreUnreadable(f"Some do not open, by the key that is missing: {said}.")


async def _reseal(settings: Settings, sealing: Sealing) -> Resealed:
    async with open_store(settings) as redis:
        return await Resealing(redis, sealing).run()
