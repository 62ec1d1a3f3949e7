"""`frontdesk plugin check` and `list`: what they find in good plugins and in bad ones."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.bad_plugins import HEAD

from frontdesk.config import Settings
from frontdesk.contract.errors import PluginError
from frontdesk.contract.findings import Result
from frontdesk.testing.kit import check_plugin

TOOL = """
from typing import Annotated
from pydantic import BaseModel, Field
kept = []

@tool
{function}

@asynccontextmanager
async def plugin(place):
    yield Parts(tools=(probe,))
"""


def plugin_of(tmp_path: Path, text: str) -> Path:
    """A plugin file with this text."""
    folder = tmp_path / "plugins"
    folder.mkdir(mode=0o755)
    (folder / "probe.py").write_text(HEAD + text)
    return folder / "probe.py"


def tool_of(body: str, head: str = "async def probe() -> str:", doc: str = "Probes.") -> str:
    """A plugin with one tool."""
    return TOOL.format(function=f'{head}\n    """{doc}"""\n    {body}')


async def checked(tmp_path: Path, text: str) -> dict[str, Result]:
    """What the kit says of each check."""
    settings = Settings(_env_file=None, data_dir=tmp_path / "data")
    results = await check_plugin(plugin_of(tmp_path, text), settings)
    return {each.check: each for each in results}


async def test_a_good_tool_passes_every_check(tmp_path: Path) -> None:
    text = tool_of(
        "return number",
        "async def probe(number: Annotated[str, Field(pattern='K.', examples=['K1'])]) -> str:",
        "Probes.\n\n    Args:\n        number: Its number.\n    ",
    )
    results = await checked(tmp_path, text)

    assert {each.status for each in results.values()} == {"PASS"}
    assert len(results) == 9


BAD = {
    "schema": ("WARN", tool_of("return ''", "async def probe(x: dict[str, int]) -> str:")),
    "docs": ("WARN", tool_of("return ''", "async def probe(x: str) -> str:")),
    "answer": ("FAIL", tool_of("raise ValueError")),
    "loop": ("FAIL", tool_of("time.sleep(0.3); return ''")),
    "cancellation": (
        "FAIL",
        tool_of(
            "for _ in range(40):\n        try:\n            await asyncio.sleep(0.03)\n"
            "        except asyncio.CancelledError:\n            pass\n    return ''"
        ),
    ),
    "isolation": (
        "FAIL",
        tool_of(
            "kept.append(context.user)\n    await asyncio.sleep(0.01)\n    return kept[-1]",
            "async def probe(context: TurnContext) -> str:",
        ).replace("kept = []", "from frontdesk.contract.context import TurnContext\nkept = []"),
    ),
    "deadline": ("WARN", tool_of("return ''").replace("@tool", "@tool(timeout_s=600)")),
}


@pytest.mark.parametrize("check", BAD)
async def test_what_is_wrong_with_a_tool_is_found(tmp_path: Path, check: str) -> None:
    status, text = BAD[check]
    result = (await checked(tmp_path, text))[f"probe: {check}"]

    assert result.status == status
    assert result.advice


async def test_a_tool_with_a_side_effect_is_not_called(tmp_path: Path) -> None:
    text = tool_of("raise SystemExit").replace("@tool", "@tool(side_effect=True)")

    assert (await checked(tmp_path, text))["probe: calls"].status == "SKIP"


async def test_a_parameter_without_an_example_is_named(tmp_path: Path) -> None:
    head = "async def probe(number: Annotated[str, Field(pattern='K.')]) -> str:"
    result = (await checked(tmp_path, tool_of("return ''", head)))["probe: calls"]

    assert (result.status, result.evidence) == (
        "SKIP",
        "give the parameter number a Field(examples=[...])",
    )


PARTS = """
from frontdesk.contract.handlers import Route
async def handle(context):
    {handler}

async def check(text):
    {guardrail}

from frontdesk.contract.guardrails import Guardrail
@asynccontextmanager
async def plugin(place):
    yield Parts(handlers=(Handler("probe", handle),), guardrails=(Guardrail("probe", check),))
"""


@pytest.mark.parametrize(
    ("handler", "guardrail", "statuses"),
    [
        ("return Pass()", "return []", ["PASS", "PASS"]),
        ("return Pass() if context.text else 1 / 0", "return []", ["FAIL", "PASS"]),
        ("return Route('triage')", "1 / 0", ["WARN", "FAIL"]),
    ],
)
async def test_handlers_and_guardrails_meet_messages_of_all_kinds(
    tmp_path: Path, handler: str, guardrail: str, statuses: list[str]
) -> None:
    results = await checked(tmp_path, PARTS.format(handler=handler, guardrail=guardrail))

    assert [results[f"{kind} probe"].status for kind in ("handler", "guardrail")] == statuses


async def test_a_plugin_that_does_not_start_has_one_line(tmp_path: Path) -> None:
    [result] = (await checked(tmp_path, "raise ValueError('no key')")).values()

    assert (result.status, result.check) == ("FAIL", "starts probe")
    assert "ValueError: no key" in result.evidence


async def test_a_name_that_another_plugin_has_is_found(tmp_path: Path) -> None:
    results = await checked(tmp_path, tool_of("return ''").replace("probe", "clock"))

    assert results["names"].status == "FAIL"
    assert "tool clock is also from clock (frontdesk" in results["names"].evidence


async def test_what_is_no_plugin_is_said_to_be_none(tmp_path: Path) -> None:
    settings = Settings(_env_file=None, data_dir=tmp_path)
    for path in (tmp_path, tmp_path / "nothing"):
        with pytest.raises(PluginError):
            await check_plugin(path, settings)


def command(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs `frontdesk plugin`."""
    return subprocess.run(
        [sys.executable, "-m", "frontdesk", "plugin", *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_check_of_an_installed_plugin_exits_by_what_it_found(tmp_path: Path) -> None:
    good = command("check", "clock", "--json")
    bad = command("check", str(plugin_of(tmp_path, "1 / 0")))

    assert (good.returncode, json.loads(good.stdout)["status"]) == (0, "PASS")
    assert (bad.returncode, bad.stdout.split()[0]) == (1, "FAIL")


def test_the_list_shows_what_runs_and_what_was_refused(tmp_path: Path) -> None:
    folder = str(plugin_of(tmp_path, "print('hello'); 1 / 0").parent)
    shown = command("list", FRONTDESK_PLUGINS_DIR=folder)
    listed = json.loads(command("list", "--json", FRONTDESK_PLUGINS_DIR=folder).stdout)

    assert "clock     frontdesk" in shown.stdout
    assert "refused: probe (file probe.py): it raised ZeroDivisionError" in shown.stderr
    assert [each["name"] for each in listed["plugins"]] == ["clock", "commands"]
    assert len(listed["problems"]) == 1
