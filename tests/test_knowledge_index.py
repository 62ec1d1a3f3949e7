"""The index of knowledge: kept as the files are, shared by processes."""

import asyncio
import io
import os
import re
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest
from rich.console import Console
from structlog.testing import capture_logs

from frontdesk.contract.errors import SettingsError
from frontdesk.contract.parts import PluginPlace
from frontdesk.contract.tools import Tool
from frontdesk.tools.knowledge import knowledge
from frontdesk.tools.knowledge.folders import LARGEST
from frontdesk.tools.knowledge.index import BATCH, Index
from frontdesk.tools.knowledge.progress import progress

INDEXING = """
import sys, threading
from pathlib import Path
from frontdesk.tools.knowledge.index import Index

index = Index(Path(sys.argv[1]), [Path(sys.argv[2])])
index.prepare()
print("ready", flush=True)
sys.stdin.readline()
index.refresh(threading.Event())
print("found", len(index.find("lamp", 1000)))
"""


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    """A folder for documents."""
    folder = tmp_path / "docs"
    folder.mkdir()
    return folder


@pytest.fixture
def index(tmp_path: Path, docs: Path) -> Index:
    """An index of that folder."""
    index = Index(tmp_path / "place", [docs])
    index.prepare()
    return index


def found(index: Index, question: str) -> list[str]:
    """The sources for a question, after the index has looked at the files."""
    index.refresh(threading.Event())
    return sorted(hit.source for hit in index.find(question, 1000))


def count(index: Index, table: str) -> int:
    """How many rows a table of the index has."""
    with closing(sqlite3.connect(index.path)) as database:
        (rows,) = database.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608 - the names are ours
    return int(rows)


def test_a_changed_file_is_read_again(index: Index, docs: Path) -> None:
    file = docs / "a.md"
    file.write_text("# Lamp\nA lamp.")
    assert found(index, "lamp") == ["a.md#lamp"]
    file.write_text("Chairs are made of oak.")

    assert (found(index, "chair"), found(index, "lamp")) == (["a.md"], [])


def test_a_file_that_is_gone_leaves_nothing(index: Index, docs: Path) -> None:
    docs.joinpath("a.txt").write_text("lamp")
    assert found(index, "lamp") == ["a.txt"]
    docs.joinpath("a.txt").unlink()

    assert found(index, "lamp") == []
    assert [count(index, table) for table in ("files", "passages", "words")] == [0, 0, 0]


def test_a_file_that_did_not_change_is_not_read_again(index: Index, docs: Path) -> None:
    file = docs / "a.txt"
    file.write_text("lamp")
    assert found(index, "lamp") == ["a.txt"]
    state = file.stat()
    file.write_text("desk")
    os.utime(file, ns=(state.st_atime_ns, state.st_mtime_ns))

    assert found(index, "lamp") == ["a.txt"]


async def test_a_running_desk_notices_a_new_file(tmp_path: Path, docs: Path) -> None:
    plugin = knowledge([docs], check_s=0)
    async with plugin(PluginPlace("knowledge", tmp_path / "place")) as parts:
        (tool,) = parts.tools
        assert isinstance(tool, Tool)
        assert "Nothing was found" in await tool.function("lamp")
        docs.joinpath("a.txt").write_text("lamp")
        assert "[a.txt]" in await tool.function("lamp")


async def test_the_files_are_looked_at_once_in_a_while_only(tmp_path: Path, docs: Path) -> None:
    plugin = knowledge([docs], check_s=3600)
    async with plugin(PluginPlace("knowledge", tmp_path / "place")) as parts:
        (tool,) = parts.tools
        assert isinstance(tool, Tool)
        docs.joinpath("a.txt").write_text("lamp")
        assert "Nothing was found" in await tool.function("lamp")


def test_two_processes_build_one_index_together(tmp_path: Path, docs: Path) -> None:
    for number in range(20 * BATCH):
        docs.joinpath(f"{number}.md").write_text(f"# Lamp {number}\nA lamp.")
    place = str(tmp_path / "place")
    command = [sys.executable, "-c", INDEXING, place, str(docs)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with (
        subprocess.Popen(command, **pipes, text=True) as one,  # type: ignore[call-overload]  # a mapping of pipes
        subprocess.Popen(command, **pipes, text=True) as two,  # type: ignore[call-overload]  # a mapping of pipes
    ):
        both = (one, two)
        assert [each.stdout.readline() for each in both] == ["ready\n"] * 2
        for each in both:
            each.stdin.write("go\n")
            each.stdin.flush()
        said = [each.communicate()[0].splitlines()[-1] for each in both]
        assert said == [f"found {20 * BATCH}"] * 2

    index = Index(tmp_path / "place", [docs])
    assert [count(index, table) for table in ("files", "passages")] == [20 * BATCH] * 2
    with closing(sqlite3.connect(index.path)) as database:  # each file was read only once
        assert database.execute("SELECT max(id) FROM passages").fetchone() == (20 * BATCH,)


async def test_two_desks_search_one_folder_at_once(tmp_path: Path, docs: Path) -> None:
    docs.joinpath("a.txt").write_text("lamp")
    place, plugin = PluginPlace("knowledge", tmp_path / "place"), knowledge([docs], check_s=0)
    async with plugin(place) as one, plugin(place) as two:
        tools = [tool for parts in (one, two) for tool in parts.tools if isinstance(tool, Tool)]
        texts = await asyncio.gather(*(tool.function("lamp") for tool in tools * 20))

    assert ["[a.txt]" in text for text in texts] == [True] * 40


def test_while_another_process_writes_the_old_state_is_found(index: Index, docs: Path) -> None:
    docs.joinpath("a.txt").write_text("lamp")
    assert found(index, "lamp") == ["a.txt"]
    with closing(sqlite3.connect(index.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("DELETE FROM words")
        assert [hit.source for hit in index.find("lamp", 5)] == ["a.txt"]


def test_a_stopped_reading_goes_on_the_next_time(index: Index, docs: Path) -> None:
    docs.joinpath("a.txt").write_text("lamp")
    stop = threading.Event()
    stop.set()
    index.refresh(stop)
    assert index.find("lamp", 5) == ()

    assert found(index, "lamp") == ["a.txt"]


def test_a_folder_that_goes_away_does_not_empty_the_index(index: Index, docs: Path) -> None:
    docs.joinpath("a.txt").write_text("lamp")
    assert found(index, "lamp") == ["a.txt"]
    docs.rename(docs.with_name("away"))
    with capture_logs() as logs:
        assert found(index, "lamp") == ["a.txt"]

    assert [each["event"] for each in logs] == ["knowledge.not_refreshed"]


def test_an_index_that_was_removed_is_made_anew(index: Index, docs: Path) -> None:
    docs.joinpath("a.txt").write_text("lamp")
    assert found(index, "lamp") == ["a.txt"]
    index.path.unlink()

    assert found(index, "lamp") == ["a.txt"]


def test_a_damaged_index_is_named(index: Index) -> None:
    index.path.write_bytes(b"no database" * 100)

    with pytest.raises(SettingsError, match=rf"{re.escape(str(index.path))} cannot be used.*anew"):
        index.prepare()


def test_only_the_owner_may_read_the_index(index: Index) -> None:
    assert oct(index.path.stat().st_mode)[-3:] == "600"


@pytest.mark.parametrize(
    ("content", "event"),
    [
        (b"lamp \xff\xfe", "knowledge.file_not_read"),
        (b"lamp " * (LARGEST // 5 + 1), "knowledge.file_too_large"),
    ],
)
def test_a_file_that_cannot_be_taken_is_named_once(
    index: Index, docs: Path, content: bytes, event: str
) -> None:
    docs.joinpath("bad.txt").write_bytes(content)
    docs.joinpath("good.txt").write_text("lamp")
    with capture_logs() as logs:
        assert [found(index, "lamp"), found(index, "lamp")] == [["good.txt"]] * 2

    assert [each["file"] for each in logs if each["event"] == event] == ["bad.txt"]


def test_a_byte_order_mark_is_no_part_of_the_text(index: Index, docs: Path) -> None:
    docs.joinpath("a.md").write_bytes("# 조명\n".encode("utf-8-sig") + "전등".encode())

    assert found(index, "조명") == ["a.md#조명"]


def test_a_link_out_of_the_folder_is_not_followed(index: Index, docs: Path) -> None:
    outside = docs.parent / "outside"
    outside.mkdir()
    outside.joinpath("secret.txt").write_text("lamp")
    docs.joinpath("in.txt").write_text("lamp")
    docs.joinpath("file.txt").symlink_to(outside / "secret.txt")
    docs.joinpath("folder").symlink_to(outside)
    docs.joinpath("dead.txt").symlink_to(docs / "nothing")
    docs.joinpath("ring.txt").symlink_to(docs / "ring.txt")

    assert found(index, "lamp") == ["in.txt"]


def test_hidden_files_and_other_kinds_are_left_out(index: Index, docs: Path) -> None:
    docs.joinpath(".git").mkdir()
    docs.joinpath("below").mkdir()
    for name in (".git/a.md", ".b.md", "c.py", "below/d.MD"):
        docs.joinpath(name).write_text("lamp")

    assert found(index, "lamp") == ["below/d.MD"]


@pytest.mark.parametrize(("terminal", "after_s", "seen"), [(1, 0, 1), (1, 60, 0), (0, 0, 0)])
def test_progress_is_shown_on_a_terminal_when_it_takes_long(
    terminal: int, after_s: float, seen: int
) -> None:
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=bool(terminal), width=80)
    with progress(2, console, after_s=after_s) as done:
        done(1)

    assert ("Reading the knowledge folders" in screen.getvalue()) == bool(seen)
    assert bool(screen.getvalue()) == bool(seen)
