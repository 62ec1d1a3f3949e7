"""`frontdesk plugin` as it is typed."""

import asyncio
import logging
import sys
import tempfile
from collections.abc import Mapping
from contextlib import redirect_stdout
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from frontdesk.cli.doctor.report import show, show_json, sound
from frontdesk.cli.options import AsJson, chosen_settings
from frontdesk.cli.plugin.package import write
from frontdesk.cli.screen import print_json, print_table
from frontdesk.config import Settings
from frontdesk.contract.findings import Result
from frontdesk.plugins import Loaded, load_plugins
from frontdesk.testing.kit import check_plugin

NEXT = """
Next:

  pip install -e {folder}
  frontdesk plugin check {folder}
  frontdesk demo --ask 'How big is KR-101?'
"""


def build() -> typer.Typer:
    """The commands below `frontdesk plugin`."""
    app = typer.Typer(help="Plugins: write one, check one, list those that run.")
    app.command()(new)
    app.command()(check)
    app.command("list")(list_plugins)
    return app


def new(
    name: Annotated[str, typer.Argument(help="Name of the plugin: a-z, 0-9, _ and -.")],
    folder: Annotated[
        Path | None, typer.Option("--dir", help="Folder to write it to, else ./NAME.")
    ] = None,
) -> None:
    """Write a package with a tool, a handler, a specialist, settings and tests that pass."""
    chosen = folder or Path(name)
    for path in write(name, chosen):
        typer.echo(f"  {chosen / path}")
    typer.echo(NEXT.format(folder=f"./{chosen}" if not chosen.is_absolute() else chosen))


def check(
    path: Annotated[Path, typer.Argument(help="A plugin's file or folder, or an installed name.")],
    as_json: AsJson = False,
) -> None:
    """Check that a plugin keeps what a desk expects: schemas, deadlines, cancellation, users kept
    apart, sizes, docs. Calls each tool that has no side effect, with made-up arguments.
    """
    settings = _quiet()
    with redirect_stdout(sys.stderr):  # a plugin that prints must not end up in the report
        results = asyncio.run(_checked(path, settings))
    if as_json:
        show_json(results)
    else:
        show(results, Console())
    if not sound(results):
        raise typer.Exit(1)


async def _checked(path: Path, settings: Settings) -> tuple[Result, ...]:
    with tempfile.TemporaryDirectory() as data:
        return await check_plugin(path, settings.model_copy(update={"data_dir": Path(data)}))


def list_plugins(as_json: AsJson = False) -> None:
    """List the plugins that run, what they bring, and what was refused and why."""
    settings = _quiet()
    with redirect_stdout(sys.stderr):
        loaded = asyncio.run(_loaded(settings))
    running = [
        {"name": each.name, "from": each.origin, "brings": _brought(str(each), loaded.owners)}
        for each in loaded.running
    ]
    if as_json:
        print_json({"plugins": running, "problems": loaded.problems})
        return
    rows = [(each["name"], each["from"], ", ".join(each["brings"])) for each in running]
    print_table(("PLUGIN", "FROM", "BRINGS"), rows)
    for problem in loaded.problems:
        typer.echo(f"refused: {problem}", err=True)


def _quiet() -> Settings:
    """The settings; what the log would say stands in the report."""
    settings = chosen_settings(talks=True)
    logging.getLogger().setLevel(logging.CRITICAL)
    return settings


async def _loaded(settings: Settings) -> Loaded:
    async with load_plugins(settings) as loaded:
        return loaded


def _brought(owner: str, owners: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(part for part, each in owners.items() if each == owner)
