"""`frontdesk doctor` as it is typed."""

import asyncio
import logging
import sys
from contextlib import redirect_stdout

import typer
from rich.console import Console

from frontdesk.cli.doctor.examination import examine
from frontdesk.cli.doctor.report import show, show_json, sound
from frontdesk.cli.options import AsJson
from frontdesk.config import Settings
from frontdesk.tracing.logs import set_up_logs


def doctor(as_json: AsJson = False) -> None:
    """Check settings, Redis, models, prices, keys, plugins and files, and that users cannot reach
    each other's conversations. Costs one smallest call of each model.
    """
    _silence()
    with redirect_stdout(sys.stderr):  # a plugin that prints must not end up in the report
        results = asyncio.run(examine())
    if as_json:
        show_json(results)
    else:
        show(results, Console())
    if not sound(results):
        raise typer.Exit(1)


def _silence() -> None:
    """What the log would say stands in the report, without secrets."""
    set_up_logs(Settings.model_construct(log_format="text"))
    logging.getLogger().setLevel(logging.CRITICAL)
