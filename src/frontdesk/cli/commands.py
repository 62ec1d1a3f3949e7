"""The command `frontdesk` and the commands below it, and how it ends when one fails."""

import sys
from collections.abc import Sequence

import typer

from frontdesk import __version__
from frontdesk.cli import (
    audit,
    chat,
    demo,
    faq,
    guard,
    key,
    serve,
    session,
    trace,
    turn,
    usage,
    user,
    worker,
)
from frontdesk.cli.doctor.command import doctor
from frontdesk.cli.new.command import new
from frontdesk.cli.plugin import command as plugin
from frontdesk.cli.reseal import reseal
from frontdesk.contract.errors import FrontdeskError


def build() -> typer.Typer:
    """The command with all commands below it."""
    app = typer.Typer(
        name="frontdesk",
        help="The front of your agents: who speaks, what is remembered, what it costs.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    for work in (
        serve.serve,
        worker.worker,
        demo.demo,
        chat.chat,
        new,
        doctor,
        reseal,
        usage.usage,
        version,
    ):
        app.command()(work)
    for name, group in (
        ("plugin", plugin.build()),
        ("key", key.build()),
        ("audit", audit.build()),
        ("session", session.build()),
        ("turn", turn.build()),
        ("user", user.build()),
        ("trace", trace.build()),
        ("faq", faq.build()),
        ("guard", guard.build()),
    ):
        app.add_typer(group, name=name)
    return app


def version() -> None:
    """Print the version."""
    typer.echo(__version__)


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command line; exits with 0, with 1 when the command failed, with 2 when it was
    called wrongly.
    """
    try:
        build()(None if arguments is None else list(arguments))
    except FrontdeskError as error:
        typer.echo(f"frontdesk: {error.detail}", err=True)
        sys.exit(1)
