"""What plugins bring together: clashes, settings, allow and deny lists."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from pydantic import BaseModel, SecretStr
from structlog.testing import capture_logs
from tests.brought import bringing, check, greet, handle, load, settings

from frontdesk.agents.graph import release_tool
from frontdesk.contract.guardrails import Guardrail
from frontdesk.contract.handlers import Handler
from frontdesk.contract.parts import Parts, PluginPlace, Specialist
from frontdesk.contract.tools import Tool
from frontdesk.desk import Desk
from frontdesk.plugins import load_plugins
from frontdesk.plugins.merging import TOOLS
from frontdesk.tools.memory import Memory

AGENT = Specialist("legal", "law", "You know the law.")


@pytest.mark.parametrize(
    ("parts", "label"),
    [
        (Parts(tools=(greet,)), "tool greet"),
        (Parts(handlers=(Handler("h", handle),)), "handler h"),
        (Parts(guardrails=(Guardrail("g", check),)), "guardrail g"),
        (Parts(specialists=(AGENT,)), "specialist legal"),
        (Parts(triage=AGENT), "triage"),
    ],
)
async def test_of_two_parts_of_one_name_the_later_is_left_out_with_both_owners_named(
    tmp_path: Path, parts: Parts, label: str
) -> None:
    loaded = await load(tmp_path, one=bringing(parts), two=bringing(parts))

    assert loaded.owners[label] == "one (given to the desk)"
    assert loaded.problems == (
        f"two (given to the desk): its {label} is left out: one of that name is from "
        "one (given to the desk)",
    )


async def test_a_plugin_keeps_what_does_not_clash(tmp_path: Path) -> None:
    other = Tool("other", greet.function)
    loaded = await load(
        tmp_path, a=bringing(Parts(tools=(greet,))), b=bringing(Parts(tools=(greet, other)))
    )

    assert [each.name for each in loaded.parts.tools] == ["clock", "greet", "other"]


@pytest.mark.parametrize(
    ("parts", "owner"),
    [
        (Parts(tools=(Tool("Clock", greet.function),)), "clock (frontdesk "),
        (Parts(tools=(Tool("release", greet.function),)), "the desk itself"),
        (Parts(tools=(Tool("transfer_to_legal", greet.function),)), "the desk itself"),
        (Parts(specialists=(Specialist("Triage", "", "x"),)), "the desk itself"),
    ],
)
async def test_a_name_that_shadows_what_is_built_in_is_left_out(
    tmp_path: Path, parts: Parts, owner: str
) -> None:
    loaded = await load(tmp_path, bad=bringing(parts))

    [problem] = loaded.problems
    assert problem.startswith("bad (given to the desk): its ")
    assert f"is from {owner}" in problem
    assert [each.name for each in loaded.parts.tools] == ["clock"]
    assert loaded.parts.specialists == ()


async def test_the_names_of_the_desks_own_tools_are_reserved(desk: Desk) -> None:
    own = {tool.name for tool in Memory(desk.sessions, desk.guards.input).tools()}

    assert {*own, release_tool().name} == set(TOOLS)


async def test_a_specialist_works_without_a_tool_that_nobody_brings(tmp_path: Path) -> None:
    legal = Specialist("legal", "law", "You know the law.", tools=("clock", "statutes"))
    loaded = await load(tmp_path, a=bringing(Parts(specialists=(legal,))))

    assert loaded.parts.specialists[0].tools == ("clock",)
    assert "works without statutes" in loaded.problems[0]


async def test_of_two_plugins_of_one_name_the_later_is_refused(tmp_path: Path) -> None:
    loaded = await load(tmp_path, clock=bringing(Parts(tools=(greet,))))

    [problem] = loaded.problems
    assert problem.startswith("clock (given to the desk): its name is taken by clock (frontdesk ")
    assert "tool greet" not in loaded.owners


async def test_a_plugin_brings_curated_answers(tmp_path: Path) -> None:
    faq = tmp_path / "hours.md"
    faq.write_text(
        '## hours\n\n```yaml\nlanguage: en\nphrasings: ["When do you open?"]\n```\n\nAt 9.\n'
    )
    loaded = await load(tmp_path, a=bringing(Parts(faq=(faq,))))
    assert loaded.problems == ()

    assert loaded.owners["handler faq:a:hours"] == "a (given to the desk)"


class WeatherSettings(BaseModel):
    """What the plugin of the test wants to know."""

    key: SecretStr
    cities: list[str] = []


@asynccontextmanager
async def weather(place: PluginPlace) -> AsyncIterator[Parts]:
    """A plugin with settings."""
    given = place.settings(WeatherSettings)
    yield Parts(tools=(Tool(f"in_{given.cities[0]}", greet.function),))


async def test_a_plugin_has_settings_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FRONTDESK_PLUGIN_MY_WEATHER_KEY", "k")
    monkeypatch.setenv("FRONTDESK_PLUGIN_MY_WEATHER_CITIES", '["busan"]')
    loaded = await load(tmp_path, **{"my-weather": weather})

    assert loaded.problems == ()
    assert "tool in_busan" in loaded.owners


@pytest.mark.parametrize(
    ("cities", "cause"),
    [
        ("[]", "FRONTDESK_PLUGIN_WEATHER_KEY: Field required"),
        ("[", "FRONTDESK_PLUGIN_WEATHER_CITIES: it is not valid JSON"),
    ],
)
async def test_a_wrong_setting_is_named_and_costs_its_plugin_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cities: str, cause: str
) -> None:
    monkeypatch.setenv("FRONTDESK_PLUGIN_WEATHER_CITIES", cities)
    loaded = await load(tmp_path, weather=weather)

    [problem] = loaded.problems
    assert cause in problem
    assert [each.name for each in loaded.parts.tools] == ["clock"]


async def test_what_the_settings_do_not_allow_is_not_even_imported(tmp_path: Path) -> None:
    folder = tmp_path / "plugins"
    folder.mkdir(mode=0o755)
    for name in ("sql_read", "sql_write", "mail"):
        (folder / f"{name}.py").write_text("raise ValueError")
    chosen = settings(tmp_path).model_copy(
        update={"plugins_dir": folder, "plugins_allow": ("sql_*",), "plugins_deny": ("*_write",)}
    )

    with capture_logs():
        async with load_plugins(chosen) as loaded:
            assert [problem.split()[0] for problem in loaded.problems] == ["sql_read"]
            assert "tool clock" in loaded.owners
