"""`frontdesk plugin new`: the package that it writes works at once, and in four commands."""

import os
import re
import subprocess
import sys
import sysconfig
import venv
from importlib.resources import files
from pathlib import Path

import pytest

import frontdesk
from frontdesk.cli.plugin.package import TEMPLATES, write
from frontdesk.contract.errors import InvalidRequest

ROOT = Path(__file__).parent.parent
SOURCES = Path(frontdesk.__file__).parent.parent
NAMES = ["rooms", "my-rooms_2"]


def run(folder: Path, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs a command."""
    return subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("name", NAMES)
def test_the_tests_of_a_new_plugin_pass_at_once(tmp_path: Path, name: str) -> None:
    write(name, tmp_path)
    path = os.pathsep.join([str(SOURCES), str(tmp_path / "src")])
    done = run(tmp_path, sys.executable, "-m", "unittest", "discover", "tests", PYTHONPATH=path)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "Ran 4 tests" in done.stderr


def test_a_new_plugin_is_clean_python(tmp_path: Path) -> None:
    write("my-rooms_2", tmp_path)
    paths = {**os.environ, "MYPYPATH": f"{SOURCES}{os.pathsep}{tmp_path / 'src'}"}
    for *command, place in (
        ("ruff", "check", "."),
        ("ruff", "format", "--check", "."),
        ("mypy", "--cache-dir", str(ROOT / ".mypy_cache"), "--strict", "src"),
        ("mypy", "--cache-dir", str(ROOT / ".mypy_cache"), "--strict", "tests"),
    ):
        done = run(tmp_path, sys.executable, "-m", *command, place, MYPYPATH=paths["MYPYPATH"])
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """An environment of its own, as `make demo` makes one, in which things may be installed."""
    venv.create(tmp_path / "venv", symlinks=True)
    site = sysconfig.get_path("purelib", "venv", {"base": str(tmp_path / "venv")})
    (Path(site) / "a.pth").write_text(f"{SOURCES}\n{sysconfig.get_path('purelib')}\n")
    for name, module in (("frontdesk", "frontdesk"), ("pip", "pip")):
        command = tmp_path / "venv" / "bin" / name
        command.write_text(f'#!/bin/sh\nexec "{tmp_path}/venv/bin/python" -m {module} "$@"\n')
        command.chmod(0o755)
    return {
        "PATH": f"{tmp_path}/venv/bin:{os.environ['PATH']}",
        "PIP_NO_BUILD_ISOLATION": "0",  # pip's word for: without isolation, so without a network
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }


def four_commands(page: str, heading: str) -> list[str]:
    """The commands of the page below the heading."""
    section = (ROOT / page).read_text("utf-8").partition(heading)[2].partition("\n## ")[0]
    return re.findall(r"^\$ (.*)$", section, re.MULTILINE)


def test_the_readme_has_the_same_four_commands() -> None:
    page = four_commands("docs/plugins.md", "## In four commands")

    assert four_commands("README.md", "## A tool of your own") == page


def test_the_four_commands_of_the_page_work(tmp_path: Path, environment: dict[str, str]) -> None:
    commands, said = four_commands("docs/plugins.md", "## In four commands"), []
    for command in commands:
        done = run(tmp_path, "bash", "-c", command, **environment)
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        said.append(done.stdout)

    assert len(commands) == 4
    assert "FAIL" not in said[2]
    assert "[rooms] KR-101: 8 seats" in said[3]


def test_a_plugin_is_named_like_no_other(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="There is a plugin named clock"):
        write("clock", tmp_path / "clock")


def test_no_placeholder_and_no_template_is_left(tmp_path: Path) -> None:
    texts = [(tmp_path / path).read_text("utf-8") for path in write("rooms", tmp_path)]
    there = {each.name for each in (files("frontdesk.cli.plugin") / "templates").iterdir()}

    assert not [text for text in texts if "{{" in text]
    assert set(TEMPLATES.values()) == there
