"""Plugin files: which are run, which are refused, and that they leave nothing behind."""

import sys
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from frontdesk.config import Settings
from frontdesk.contract.errors import PluginError
from frontdesk.plugins import Loaded, load_plugins

GOOD = '''
from contextlib import asynccontextmanager
from frontdesk.contract.parts import Parts
from frontdesk.contract.tools import tool

@tool
async def {name}() -> str:
    """A greeting."""
    return "hi"

@asynccontextmanager
async def plugin(place):
    yield Parts(tools=({name},))
'''


async def load(tmp_path: Path, folder: Path) -> Loaded:
    """What is loaded with the files of this folder, closed again."""
    settings = Settings(_env_file=None, data_dir=tmp_path / "data", plugins_dir=folder)
    with capture_logs():
        async with load_plugins(settings) as loaded:
            return loaded


def folder_with(tmp_path: Path, **files: str) -> Path:
    """A plugins folder with these files."""
    folder = tmp_path / "plugins"
    folder.mkdir(mode=0o755)
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text)
    return folder


async def test_a_file_of_the_folder_is_a_plugin(tmp_path: Path) -> None:
    loaded = await load(tmp_path, folder_with(tmp_path, hello=GOOD.format(name="hello")))

    assert loaded.owners["tool hello"] == "hello (file hello.py)"


BAD_FILES = {
    "raises": ("raise ValueError('no key')", "it raised ValueError: no key"),
    "exits": ("import sys; sys.exit(3)", "it raised SystemExit: 3"),
    "broken": ("def plugin(:", "it raised SyntaxError"),
    "empty": ("", "it defines no `plugin`"),
    "Upper": (GOOD.format(name="upper"), "its name may have"),
}


@pytest.mark.parametrize("name", BAD_FILES)
async def test_a_bad_file_is_refused_and_the_others_run(tmp_path: Path, name: str) -> None:
    text, cause = BAD_FILES[name]
    folder = folder_with(tmp_path, **{name: text, "good": GOOD.format(name="good")})

    loaded = await load(tmp_path, folder)

    assert [each.name for each in loaded.parts.tools] == ["clock", "good"]
    [problem] = loaded.problems
    assert problem.startswith(f"{name} (file {name}.py): ")
    assert cause in problem


async def test_a_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "outside.py").write_text(GOOD.format(name="outside"))
    folder = folder_with(tmp_path)
    (folder / "inside.py").symlink_to(tmp_path / "outside.py")

    [problem] = (await load(tmp_path, folder)).problems

    assert "link out of the plugins folder" in problem


@pytest.mark.parametrize("writable", ["plugins", "plugins/hello.py"])
async def test_what_everybody_may_write_is_not_run(tmp_path: Path, writable: str) -> None:
    folder = folder_with(tmp_path, hello=GOOD.format(name="hello"))
    (tmp_path / writable).chmod(0o777)

    loaded = await load(tmp_path, folder)

    assert "tool hello" not in loaded.owners
    assert "everybody may write" in loaded.problems[0]


async def test_a_file_shadows_no_module_and_leaves_nothing_behind(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, json=GOOD.format(name="hello"), _notes="raise ValueError")
    before = set(sys.modules)

    loaded = await load(tmp_path, folder)

    assert "tool hello" in loaded.owners
    assert loaded.problems == ()
    assert not [name for name in set(sys.modules) - before if name.startswith("frontdesk_plugin")]
    assert not (folder / "__pycache__").exists()


async def test_an_edited_file_is_read_anew(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, hello=GOOD.format(name="aaa"))
    await load(tmp_path, folder)
    (folder / "hello.py").write_text(GOOD.format(name="bbb"))

    assert "tool bbb" in (await load(tmp_path, folder)).owners


async def test_a_folder_that_is_not_there_is_said_to_be_so(tmp_path: Path) -> None:
    with pytest.raises(PluginError, match="FRONTDESK_PLUGINS_DIR"):
        await load(tmp_path, tmp_path / "nowhere")
