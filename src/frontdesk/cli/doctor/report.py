"""The report: a table on a terminal, plain lines elsewhere, or JSON."""

from collections import Counter
from collections.abc import Sequence

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from frontdesk.cli.screen import print_json
from frontdesk.contract.findings import Result, Status

COLOURS: dict[Status, str] = {"PASS": "green", "WARN": "yellow", "FAIL": "bold red", "SKIP": "dim"}


def sound(results: Sequence[Result]) -> bool:
    """Whether nothing failed."""
    return all(result.status != "FAIL" for result in results)


def show(results: Sequence[Result], console: Console) -> None:
    """Prints the report for a person."""
    if console.is_terminal:
        console.print(_table(results))
    else:
        for result in results:
            typer.echo(f"{result.status}  {result.check:<16}  {result.evidence}")
            if result.advice:
                typer.echo(f"{'':24}{result.advice}")
    counted = Counter(result.status for result in results)
    typer.echo(", ".join(f"{counted[status]} {status}" for status in COLOURS if counted[status]))


def show_json(results: Sequence[Result]) -> None:
    """Prints the report for a program."""
    print_json({"status": "PASS" if sound(results) else "FAIL", "checks": list(results)})


def _table(results: Sequence[Result]) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False)
    for result in results:
        facts = Text(result.evidence)
        if result.advice:
            facts.append(f"\n{result.advice}", style="dim")
        table.add_row(Text(result.status, COLOURS[result.status]), Text(result.check), facts)
    return table
