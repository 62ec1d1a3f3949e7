"""Plugins: where they are found, how they live, and what a bad one costs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from tests.brought import bringing, check, greet, handle, load, settings

from frontdesk.contract.guardrails import Guardrail
from frontdesk.contract.handlers import Handler
from frontdesk.contract.parts import Parts, Plugin, PluginPlace, Specialist
from frontdesk.contract.tools import First, Tool
from frontdesk.plugins import load_plugins


async def test_the_built_in_plugins_come_through_the_same_door(tmp_path: Path) -> None:
    loaded = await load(tmp_path)

    assert {each.name for each in loaded.parts.tools} == {"clock"}
    assert {each.name for each in loaded.parts.handlers} == {"commands"}
    assert loaded.owners["tool clock"].startswith("clock (frontdesk ")
    assert loaded.problems == ()


async def test_the_parts_of_all_plugins_are_merged(tmp_path: Path) -> None:
    triage = Specialist("front", "answers", "You are the front.")
    legal = Specialist("legal", "law", "You know the law.")
    loaded = await load(
        tmp_path,
        a=bringing(Parts((greet,), (Handler("h", handle),), (Guardrail("g", check),), (legal,))),
        b=bringing(Parts(triage=triage)),
    )

    assert [each.name for each in loaded.parts.tools] == ["clock", "greet"]
    assert [each.name for each in loaded.parts.guardrails] == ["g"]
    assert (loaded.parts.specialists, loaded.parts.triage) == ((legal,), triage)
    assert loaded.owners["specialist legal"] == "a (given to the desk)"


async def test_a_plugin_lives_as_long_as_the_desk_and_has_a_folder(tmp_path: Path) -> None:
    seen: list[str] = []

    @asynccontextmanager
    async def plugin(place: PluginPlace) -> AsyncIterator[Parts]:
        (place.folder / "notes").write_text(place.name)
        seen.append("open")
        yield Parts()
        seen.append("closed")

    async with load_plugins(settings(tmp_path), {"mine": plugin}):
        assert seen == ["open"]
    assert seen == ["open", "closed"]
    assert (tmp_path / "data" / "plugins" / "mine" / "notes").read_text() == "mine"


async def test_plugins_close_in_order_whatever_ends_the_desk(tmp_path: Path) -> None:
    closed: list[str] = []

    def noting(name: str) -> Plugin:
        @asynccontextmanager
        async def plugin(_place: PluginPlace) -> AsyncIterator[Parts]:
            yield Parts()
            closed.append(name)
            raise SystemExit(1)

        return plugin

    with capture_logs() as logs, pytest.raises(RuntimeError, match="the desk fell"):
        async with load_plugins(settings(tmp_path), {"a": noting("a"), "b": noting("b")}):
            raise RuntimeError("the desk fell")

    assert closed == ["b", "a"]
    assert [each["event"] for each in logs] == ["plugin.not_closed"] * 2


async def test_a_read_only_disk_matters_only_to_a_plugin_that_writes(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("no folder can be made here")

    assert (await load(tmp_path)).problems == ()


@asynccontextmanager
async def exits(place: PluginPlace) -> AsyncIterator[Parts]:
    """Ends the process when it starts."""
    if place.name:
        raise SystemExit(1)
    yield Parts()


@asynccontextmanager
async def hangs(_place: PluginPlace) -> AsyncIterator[Parts]:
    """Never starts."""
    await asyncio.Event().wait()
    yield Parts()


async def wants_untyped(city) -> str:  # type: ignore[no-untyped-def]  # what the test is about
    """No type."""
    return str(city)


@pytest.mark.parametrize(
    ("plugin", "cause"),
    [
        (exits, "SystemExit"),
        (hangs, "did not finish within 0.2 s"),
        (bringing([greet]), "it yielded list instead of Parts"),
        (bringing(Parts(specialists=("legal",))), "'legal' is no Specialist"),  # type: ignore[arg-type]  # wrong on purpose
        (bringing(Parts(tools=(wants_untyped,))), "write @tool"),  # type: ignore[arg-type]  # wrong on purpose
        (bringing(Parts(tools=(Tool("t", wants_untyped),))), "needs a type"),
        (bringing(Parts(tools=(Tool("t", greet.function, First("(")),))), "pattern"),
    ],
)
async def test_a_plugin_that_does_not_start_is_refused(
    tmp_path: Path, plugin: Plugin, cause: str
) -> None:
    loaded = await load(tmp_path, bad=plugin)

    assert [each.name for each in loaded.parts.tools] == ["clock"]
    assert [cause in problem for problem in loaded.problems] == [True]


async def test_a_refused_plugin_is_closed_at_once(tmp_path: Path) -> None:
    closed: list[str] = []

    @asynccontextmanager
    async def plugin(_place: PluginPlace) -> AsyncIterator[Parts]:
        yield "nothing"  # type: ignore[misc]  # what is refused
        closed.append("closed")

    with capture_logs() as logs:
        async with load_plugins(settings(tmp_path), {"bad": plugin}):
            assert closed == ["closed"]
    assert [(each["event"], each["plugin"]) for each in logs] == [
        ("plugin.refused", "bad (given to the desk)")
    ]


async def test_an_installed_plugin_that_cannot_be_imported_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    metadata = tmp_path / "site" / "weather-2.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Name: weather\nVersion: 2.0\n")
    (metadata / "entry_points.txt").write_text("[frontdesk]\nweather = not_there:plugin\n")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))

    [problem] = (await load(tmp_path)).problems

    assert problem == (
        "weather (weather 2.0): it raised ModuleNotFoundError: No module named 'not_there'"
    )
