"""`frontdesk guard`: try the guardrails on a text, measure them on many, see the policies."""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, get_args

import typer

from frontdesk.cli.options import AsJson, chosen_settings
from frontdesk.cli.screen import print_json, print_table, safe
from frontdesk.config import Settings
from frontdesk.contract.context import Ledger
from frontdesk.contract.errors import InvalidRequest
from frontdesk.contract.guardrails import Stage
from frontdesk.guardrails.builtin import builtin_guardrails
from frontdesk.guardrails.chain import Guards
from frontdesk.guardrails.checkpoint import Ruling
from frontdesk.guardrails.evaluation import Judged, Score, judge, read_rows, scores
from frontdesk.guardrails.examination import Examination, examine
from frontdesk.guardrails.policy import SHIPPED, shipped
from frontdesk.guardrails.policy_file import policy_source
from frontdesk.plugins import load_plugins

PolicyFile = Annotated[
    Path | None,
    typer.Option("--policy", help="A policy file, or `words`; else FRONTDESK_GUARD_POLICY."),
]
Part = Annotated[float, typer.Option(min=0, max=1)]
HEAD = ("CATEGORY", "ACTION", "SPAN", "TEXT", "GUARDRAIL")
SCORES = ("CATEGORY", "LANGUAGE", "ROWS", "FOUND", "RECALL", "FALSE", "PRECISION")


def build() -> typer.Typer:
    """The commands."""
    app = typer.Typer(help="Guardrails: try them, measure them.", no_args_is_help=True)
    for name, work in (("check", check), ("eval", evaluate), ("policy", policy)):
        app.command(name)(work)
    return app


def check(
    text: Annotated[str, typer.Argument(help="The text; `-` reads standard input.")],
    stage: Annotated[str, typer.Option(help="input, tool or output.")] = "input",
    policy: PolicyFile = None,
    tenant: Annotated[str, typer.Option(help="Under this tenant's policy.")] = "",
    agent: Annotated[str | None, typer.Option(help="While this agent speaks.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show what the guardrails, those of plugins too, find in a text and what is done about it."""
    settings = chosen_settings(talks=True, guard_policy=policy)
    text = sys.stdin.read() if text == "-" else text
    ledger = Ledger.of(tenant, text)
    ledger.agent = agent
    seen = asyncio.run(_examined(settings, text, _stage(stage), ledger))
    if as_json:
        print_json(seen)
    else:
        _print(seen, text)


def evaluate(
    file: Annotated[typer.FileText, typer.Argument(help="JSON Lines; `-` is standard input.")],
    policy: PolicyFile = None,
    min_recall: Part = 0.0,
    max_false_stops: Part = 1.0,
    as_json: AsJson = False,
) -> None:
    """Measure the guardrails on labelled rows, by category and language, and list what went wrong.
    Exits with 1 if less is found, or more innocent rows are stopped, than the limits say.
    """
    settings = chosen_settings(talks=True, guard_policy=policy)
    judged = asyncio.run(_judged(settings, file.readlines()))
    if as_json:
        print_json({"scores": [_fields(each) for each in scores(judged)], "wrong": _wrong(judged)})
    else:
        print_table(SCORES, [[*_fields(each).values()] for each in scores(judged)])
        for each in _wrong(judged):
            typer.echo(safe(f"{each['row']}: {each['wrong']} · {each['text']}"))
    if _worst(judged, "missed") > 1 - min_recall or _worst(judged, "false stop") > max_false_stops:
        raise typer.Exit(1)


def policy(
    name: Annotated[str, typer.Argument(help="default, or the example words.")] = "default",
) -> None:
    """Print a policy that comes with frontdesk, to begin your own with."""
    if name not in SHIPPED:
        raise InvalidRequest(f"There is no policy {name}; there are: {', '.join(SHIPPED)}.")
    typer.echo(shipped(name).read_text("utf-8"), nl=False)


def _stage(name: str) -> Stage:
    for stage in get_args(Stage):
        if stage == name:
            return stage  # type: ignore[no-any-return]  # get_args does not say its type
    raise InvalidRequest(f"There is no stage {name}; there are: {', '.join(get_args(Stage))}.")


@asynccontextmanager
async def _guards(settings: Settings) -> AsyncIterator[Guards]:
    async with load_plugins(settings) as loaded:
        source = policy_source(settings)
        yield Guards(loaded.parts.guardrails, source, compose=builtin_guardrails)


async def _examined(settings: Settings, text: str, stage: Stage, ledger: Ledger) -> Examination:
    async with _guards(settings) as guards:
        return await examine(guards, text, stage, ledger)


async def _judged(settings: Settings, lines: Sequence[str]) -> list[Judged]:
    async with _guards(settings) as guards:
        return await judge(guards, read_rows(lines))


def _print(seen: Examination, text: str) -> None:
    typer.echo(f"verdict     {seen.action}")
    typer.echo(f"{'answer' if seen.action == 'block' else 'goes on'}".ljust(12) + safe(seen.text))
    typer.echo(f"normalised  {safe(seen.normalised)}")
    rows = [
        (each.category, each.action, f"{each.start}-{each.end}", _cut(text, each), each.guardrail)
        for each in seen.rulings
    ]
    if rows:
        typer.echo()
        print_table(HEAD, rows)


def _cut(text: str, found: Ruling) -> str:
    """The beginning of what was found, on one line."""
    return " ".join(text[found.start : found.end][:60].split())


def _fields(score: Score) -> dict[str, object]:
    counts = (score.rows, score.found, f"{score.recall:.3f}", score.false, f"{score.precision:.3f}")
    values = (score.category, score.language, *counts)
    return dict(zip((each.lower() for each in SCORES), values, strict=True))


def _wrong(judged: Sequence[Judged]) -> list[dict[str, object]]:
    return [
        {
            "row": each.number,
            "wrong": f"{each.wrong}: {each.row.category or ', '.join(sorted(each.found))}",
            "text": f"[{each.row.language} {each.row.form} {each.row.stage}] {each.row.text}",
        }
        for each in judged
        if each.wrong
    ]


def _worst(judged: Sequence[Judged], kind: str) -> float:
    rows = [each for each in judged if (each.row.category is None) == (kind == "false stop")]
    return sum(each.wrong == kind for each in rows) / len(rows) if rows else 0.0
