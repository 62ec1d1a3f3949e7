"""`frontdesk faq`: the curated answers of the desk, and how often each has answered."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from frontdesk.assembly import open_store
from frontdesk.cli.options import AsJson, chosen_settings
from frontdesk.cli.screen import print_json, print_table
from frontdesk.config import Settings
from frontdesk.contract.errors import SettingsError
from frontdesk.preprocess.faq import Entry, FaqHits, read_faq

File = Annotated[Path | None, typer.Option(help="The file; without it FRONTDESK_FAQ.")]
HEAD = ("HITS", "ID", "LANGUAGE", "FROM", "UNTIL", "ASKED AS")


def build() -> typer.Typer:
    """The commands."""
    app = typer.Typer(help="Curated answers.", no_args_is_help=True)
    app.command("list")(show)
    return app


def show(file: File = None, as_json: AsJson = False) -> None:
    """Check the file and list its entries with how often each has answered."""
    settings = chosen_settings(talks=True)
    entries = read_faq(_path(settings, file))
    hits = asyncio.run(_hits(settings))
    rows = [_row(entry, hits) for entry in entries]
    if as_json:
        print_json([dict(zip(map(str.lower, HEAD), row, strict=True)) for row in rows])
    else:
        print_table(HEAD, rows)


def _path(settings: Settings, file: Path | None) -> Path:
    path = file or settings.faq
    if path is None:
        raise SettingsError("There is no FAQ: set FRONTDESK_FAQ, or name a file with --file.")
    return path


def _row(entry: Entry, hits: Mapping[str, int]) -> Sequence[object]:
    first, until = entry.valid_from or "-", entry.valid_until or "-"
    count = hits.get(entry.id, 0)
    return count, entry.id, entry.language or "-", str(first), str(until), entry.phrasings[0]


async def _hits(settings: Settings) -> Mapping[str, int]:
    async with open_store(settings) as redis:
        return await FaqHits(redis).read()
