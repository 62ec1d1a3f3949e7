"""Plugin files that are edited while the desk works."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs
from tests.bad_plugins import HEAD
from tests.turns import until

from frontdesk import reloading
from frontdesk.assembly import open_desk
from frontdesk.config import Settings
from frontdesk.desk import Desk
from frontdesk.testing import Visitor

TOOL = """
from pathlib import Path
HERE = Path(__file__).parent

@tool(first=First("go", lambda said: said))
async def word() -> str:
    "Says a word."
    while (HERE / "wait").exists():
        await asyncio.sleep(0.01)
    return "{word}"

@asynccontextmanager
async def plugin(place):
    yield Parts(tools=(word,))
    (HERE / "closed").write_text("{word}")
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A plugin file that says `one`."""
    monkeypatch.setattr(reloading, "CHECK_S", 0.01)
    folder = tmp_path / "plugins"
    folder.mkdir(mode=0o755)
    (folder / "talk.py").write_text(HEAD + TOOL.format(word="one"))
    return folder / "talk.py"


@asynccontextmanager
async def reloaded(settings: Settings, file: Path) -> AsyncIterator[tuple[Desk, list[Any]]]:
    """A desk that reloads the file, and what it logs."""
    chosen = settings.model_copy(update={"plugins_dir": file.parent, "reload_plugins": True})
    with capture_logs() as logs:
        async with open_desk(chosen) as desk:
            yield desk, logs


def write(file: Path, text: str) -> None:
    """Saves an edit."""
    file.write_text(text)


async def logged(logs: list[Any], event: str) -> Any:
    """The line of this event, when it comes."""
    await until(lambda: any(each["event"] == event for each in logs))
    return next(each for each in logs if each["event"] == event)


async def test_an_edited_file_answers_the_next_turn(settings: Settings, file: Path) -> None:
    async with reloaded(settings, file) as (desk, logs):
        ann = Visitor(desk, "ann")
        assert (await ann.ask("go")).answer == "one"
        write(file, HEAD + TOOL.format(word="second"))
        await logged(logs, "plugins.reloaded")
        assert (await ann.ask("go")).answer == "second"
    assert (file.parent / "closed").read_text() == "second"


@pytest.mark.parametrize("edit", ["def broken(:", "import sys; sys.exit(1)", "1 / 0"])
async def test_a_broken_edit_keeps_the_version_before_it_and_says_why(
    settings: Settings, file: Path, edit: str
) -> None:
    async with reloaded(settings, file) as (desk, logs):
        write(file, edit)
        kept = await logged(logs, "plugins.kept")
        assert (await Visitor(desk, "ann").ask("go")).answer == "one"
    assert "talk (file talk.py): it raised " in kept["cause"]


async def test_a_folder_that_is_gone_keeps_the_version_before_it(
    settings: Settings, file: Path
) -> None:
    async with reloaded(settings, file) as (desk, logs):
        file.parent.rename(file.parent.with_name("gone"))
        assert "FRONTDESK_PLUGINS_DIR" in (await logged(logs, "plugins.kept"))["cause"]
        file.parent.with_name("gone").rename(file.parent)
        assert (await Visitor(desk, "ann").ask("go")).answer == "one"


async def test_a_turn_that_runs_ends_on_its_version(settings: Settings, file: Path) -> None:
    (file.parent / "wait").touch()
    async with reloaded(settings, file) as (desk, logs):
        running = asyncio.create_task(Visitor(desk, "ann").ask("go"))
        await until(lambda: desk.versions.current.turns)  # type: ignore[attr-defined]  # a reloading one
        write(file, HEAD + TOOL.format(word="second"))
        assert (await logged(logs, "plugins.reloaded"))["running"] == 1
        assert not (file.parent / "closed").exists()
        (file.parent / "wait").unlink()
        assert (await running).answer == "one"
        await until((file.parent / "closed").exists)
        assert (await Visitor(desk, "bob").ask("go")).answer == "second"
