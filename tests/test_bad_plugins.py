"""A bad plugin costs only what it brings: the desk starts, other tools answer, the log says why."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs
from tests.bad_plugins import AT_START, HEAD, IN_A_CALL, Bad

from frontdesk.assembly import open_desk
from frontdesk.config import Settings
from frontdesk.plugins import loading
from frontdesk.testing import FakeOpenAI, Visitor
from frontdesk.tools import tasks

GOOD = '''
@tool(first=First("go well", lambda said: said))
def good() -> str:
    """Is good, and blocks a little."""
    time.sleep(0.001)
    return "all is well"

@asynccontextmanager
async def plugin(place):
    yield Parts(tools=(good,))
'''


@asynccontextmanager
async def ann_with(settings: Settings, tmp_path: Path, **files: str) -> AsyncIterator[Visitor]:
    """A user of a desk with these plugin files."""
    folder = tmp_path / "plugins"
    folder.mkdir(mode=0o755)
    for name, text in files.items():
        (folder / f"{name}.py").write_text(HEAD + text)
    async with open_desk(settings.model_copy(update={"plugins_dir": folder})) as desk:
        yield Visitor(desk, "ann")


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Does not wait long for what never comes."""
    monkeypatch.setattr(tasks, "GRACE_S", 0.1)
    monkeypatch.setattr(loading, "START_S", 0.5)


def said(logs: list[Any], event: str) -> str:
    """What the log says about it."""
    return "\n".join(str(each) for each in logs if each["event"].endswith(event))


@pytest.mark.parametrize("bad", AT_START, ids=lambda bad: bad.name)
async def test_a_plugin_that_is_bad_at_the_start_costs_itself(
    settings: Settings, tmp_path: Path, bad: Bad
) -> None:
    with capture_logs() as logs:
        async with ann_with(settings, tmp_path, good=GOOD, **{bad.name: bad.text}) as ann:
            answer = (await ann.ask("go well")).answer

    assert answer == "all is well"
    assert bad.cause in said(logs, ".refused")
    assert f"{bad.name} (file {bad.name}.py)" in said(logs, ".refused")


@pytest.mark.parametrize("bad", IN_A_CALL, ids=lambda bad: bad.name)
async def test_a_plugin_that_is_bad_in_a_call_costs_its_result(
    settings: Settings, upstream: FakeOpenAI, tmp_path: Path, bad: Bad
) -> None:
    with capture_logs() as logs:
        async with ann_with(settings, tmp_path, good=GOOD, **{bad.name: bad.text}) as ann:
            spoilt = await ann.ask("go bad")
            answer = (await ann.ask("go well")).answer

    assert (spoilt.status, answer) == ("completed", "all is well")
    assert bad.cause in said(logs, ".failed")
    assert f"{bad.name} (file {bad.name}.py)" in said(logs, ".failed")


async def test_a_file_that_reaches_out_of_the_folder_is_not_run(
    settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "outside.py").write_text("raise SystemExit")
    (tmp_path / "plugins").mkdir(mode=0o755)
    (tmp_path / "plugins" / "escape.py").symlink_to(tmp_path / "outside.py")
    chosen = settings.model_copy(update={"plugins_dir": tmp_path / "plugins"})

    with capture_logs() as logs:
        async with open_desk(chosen) as desk:
            assert (await Visitor(desk, "ann").ask("What time is it?")).rung == "handler"

    assert "it is a link out of the plugins folder" in said(logs, ".refused")
    assert "escape (file escape.py)" in said(logs, ".refused")
