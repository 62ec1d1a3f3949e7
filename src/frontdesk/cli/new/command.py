"""`frontdesk new` as it is typed."""

import shlex
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from frontdesk.cli.new.folder import write


def new(
    name: Annotated[str, typer.Argument(help="Name of the desk: a-z, 0-9, _ and -.")],
    folder: Annotated[
        Path | None, typer.Option("--dir", help="Folder to write it to, else ./NAME.")
    ] = None,
) -> None:
    """Write a desk of your own to begin with: agents, tool, FAQ, documents, policy, tests."""
    chosen = folder or Path(name)
    for path in write(name, chosen):
        typer.echo(f"  {chosen / path}")
    typer.echo("\nNext:\n")
    for command in _next(chosen):
        typer.echo(f"  {command}")


def _next(folder: Path) -> Iterator[str]:
    yield f"cd {shlex.quote(str(folder))}"
    yield f"make test{_python()}"
    yield f"make demo{_python()}"


def _python() -> str:
    """What make must be told so that it runs the Python that has frontdesk."""
    found = shutil.which("python3")
    same = found and Path(found).parent == Path(sys.executable).parent
    return "" if same else f" PYTHON={shlex.quote(sys.executable)}"
