"""What exists is documented, and what is documented exists."""

import importlib
import pkgutil
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import cast, get_args

import pytest
import typer
from fastapi.routing import APIRoute

import frontdesk
from frontdesk.asgi import create_app
from frontdesk.cli import configuration
from frontdesk.cli.commands import build
from frontdesk.config import Settings, variables
from frontdesk.contract import events
from frontdesk.contract.errors import FrontdeskError
from frontdesk.desk import Desk
from frontdesk.server.metrics import Numbers
from frontdesk.server.openai import errors
from frontdesk.server.traffic import Traffic
from frontdesk.tracing.metrics import TurnMetrics

ROOT = Path(__file__).parent.parent
OWN = tuple(
    ["/livez", "/readyz", "/metrics", "/openapi.json"]
    + [f"/v1/{name}" for name in sorted(errors.OWN)]
)
"""Where the paths of our own routes begin; those of OpenAI's protocols are in docs/openai.md."""


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def codes() -> set[str]:
    for module in pkgutil.walk_packages(frontdesk.__path__, "frontdesk."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    return {error.code for error in _below(FrontdeskError)}


def _below(error: type[FrontdeskError]) -> Iterator[type[FrontdeskError]]:
    yield error
    for child in error.__subclasses__():
        yield from _below(child)


def kinds() -> set[str]:
    named = {kind for event in get_args(events.Event) if isinstance(kind := event.kind, str)}
    return named | {f"turn.{end}" for end in ("completed", "blocked", "failed", "cancelled")}


def commands() -> set[str]:
    tops = getattr(typer.main.get_command(build()), "commands", {})
    below = {name: getattr(command, "commands", {"": command}) for name, command in tops.items()}
    return {f"frontdesk {name} {part}".strip() for name, parts in below.items() for part in parts}


def test_the_page_of_settings_is_the_one_that_the_settings_give() -> None:
    assert read("docs/configuration.md") == configuration.page(), "run `make docs`"


@pytest.mark.parametrize("name", variables())
def test_every_setting_says_what_it_is(name: str) -> None:
    assert Settings.model_fields[name].description


def test_every_event_is_documented_and_no_other() -> None:
    table = read("docs/http.md").partition("## Events")[2].partition("## ")[0]
    assert set(re.findall(r"`((?:turn|agent|text|tool|guardrail)\.\w+)`", table)) == kinds()


def test_every_error_code_is_documented_and_no_other() -> None:
    table = read("docs/http.md").partition("## Errors")[2]
    assert set(re.findall(r"^\| `(\w+)`", table, re.MULTILINE)) == codes()


def test_every_route_is_documented_and_no_other() -> None:
    routes = {
        f"{method} {route.path}"
        for route in create_app(Settings()).routes
        if isinstance(route, APIRoute)
        for method in route.methods or ()
    }
    assert set(re.findall(r"`((?:GET|POST|DELETE|PATCH) /[^`]*)`", read("docs/http.md"))) == routes


def test_every_route_of_our_own_has_a_curl_that_is_run() -> None:
    page = read("docs/http.md")
    run = re.findall(r"```(?:bash|console)\n(.*?)```", page, re.DOTALL)
    lines = [line for block in run for line in block.replace("\\\n", " ").splitlines()]
    calls = {_called(line) for line in lines if "curl" in line}
    for route in create_app(Settings()).routes:
        if isinstance(route, APIRoute) and (route.path == "/v1/chat" or route.path.startswith(OWN)):
            pattern = re.compile(re.sub(r"\{\w+\}", r"[$\\w]+", route.path))
            (method,) = route.methods or {""}
            assert any(m == method and pattern.fullmatch(p) for m, p in calls), route.path


def _called(line: str) -> tuple[str, str]:
    """The method and the path that a curl asks for."""
    path = re.search(r"(?:\$api|http://127\.0\.0\.1:8080)(/[^\s?\"']*)", line)
    method = re.search(r"-X (\w+)", line)
    sends = " -d " in line or "--data" in line
    return method[1] if method else "POST" if sends else "GET", path[1] if path else ""


def test_every_metric_is_documented_and_no_other() -> None:
    desk = SimpleNamespace(
        traces=SimpleNamespace(metrics=TurnMetrics()),
        guards=SimpleNamespace(failures={}),
        sessions=SimpleNamespace(counts=Counter()),
    )
    found = Numbers(cast(Desk, desk), Traffic()).collect()
    kinds = {"counter": "_total"}
    names = {f"{metric.name}{kinds.get(metric.type, '')}" for metric in found}
    table = read("docs/operations.md").partition("## Metrics")[2].partition("## ")[0]
    assert set(re.findall(r"^\| `(frontdesk_\w+)`", table, re.MULTILINE)) == names


def test_every_command_is_documented_and_no_other() -> None:
    named = set(re.findall(r"\*\*`(frontdesk [a-z ]+)`\*\*", read("docs/cli.md")))
    assert named == set(commands())


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "docs"])
def test_a_block_that_is_not_run_says_why(page: str) -> None:
    paths = sorted((ROOT / page).glob("*.md")) if page == "docs" else [ROOT / page]
    marks = [m for path in paths for m in re.findall(r"<!-- skip:.*", path.read_text("utf-8"))]
    assert [mark for mark in marks if not re.search(r'"\w+ .*\w+" -->', mark)] == []
