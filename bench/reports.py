"""Reports: what a benchmark has found, which bounds it meets, and where it ran."""

import argparse
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import orjson
import uvloop

from bench.machine import describe
from bench.rounds import Spread
from bench.tables import Cell, shown, table


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must show: the value that was measured, and its bound."""

    what: str
    measured: Spread | float
    at_most: float | None = None
    at_least: float | None = None

    @property
    def met(self) -> bool:
        """Whether the bound holds; of a spread its median."""
        value = self.measured.median if isinstance(self.measured, Spread) else self.measured
        below = self.at_most is None or value <= self.at_most
        return below and (self.at_least is None or value >= self.at_least)


@dataclass(frozen=True, slots=True)
class Report:
    """What a benchmark has found: tables of rows with the same columns, what must show, and remarks
    for the reader.
    """

    title: str
    tables: tuple[tuple[Mapping[str, Cell], ...], ...]
    checks: tuple[Check, ...]
    remarks: tuple[str, ...] = ()


def run(doc: str, measure: Callable[[bool], Awaitable[Report]]) -> None:
    """Reads the options, measures, prints; exits with 1 where a bound is missed. `measure` is told
    whether it must be quick.
    """
    parser = argparse.ArgumentParser(description=doc)
    parser.add_argument("--quick", action="store_true", help="a few seconds; proves nothing")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    try:
        report = uvloop.run(_measured(measure, options.quick))
    except KeyboardInterrupt:
        sys.exit("bench: stopped")
    print(as_json(report) if options.json else as_text(report))
    sys.exit(0 if all(check.met for check in report.checks) else 1)


def as_text(report: Report) -> str:
    """The report for a terminal."""
    machine = "; ".join(f"{name} {value}" for name, value in describe().items())
    tables = [table(rows) for rows in (*report.tables, [_checked(c) for c in report.checks])]
    return "\n\n".join([f"## {report.title}", machine, *report.remarks, *tables])


def as_json(report: Report) -> str:
    """The report for a program, the numbers unrounded."""
    met = all(check.met for check in report.checks)
    told = {"machine": describe(), "met": met, "report": report}
    return orjson.dumps(told, option=orjson.OPT_INDENT_2).decode()


async def _measured(measure: Callable[[bool], Awaitable[Report]], quick: bool) -> Report:
    return await measure(quick)


def _checked(check: Check) -> Mapping[str, Cell]:
    bounds = [("at most", check.at_most), ("at least", check.at_least)]
    told = [f"{word} {bound:g}" for word, bound in bounds if bound is not None]
    return {
        "must show": check.what,
        "measured": shown(check.measured),
        "bound": " ".join(told),
        "": "met" if check.met else "NOT MET",
    }
