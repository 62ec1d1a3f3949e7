"""Runs the code blocks of the documentation as tests: Python in one namespace per page, shell in a
clean home, against a demo server of its own.
"""

import logging
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from doctest import ELLIPSIS, NORMALIZE_WHITESPACE, OutputChecker
from pathlib import Path

import pytest
import structlog
from sybil import Example, Sybil
from sybil.integration.pytest import SybilItem
from sybil.parsers.markdown import CodeBlockParser, PythonCodeBlockParser, SkipParser

ROOT = Path(__file__).parent
ADDRESS = "127.0.0.1:8080"
"""What the pages call the server; while they are tested it listens on a free port."""


OURS = re.compile(r"FRONTDESK_|OPENAI_|REDIS_|SLACK_|MAKE|MFLAGS")
"""Environment variables that must not reach a test from the developer's shell."""


@dataclass(frozen=True, slots=True)
class DocsServer:
    """The demo server that the pages talk to: its `host:port` and the environment it lives in."""

    address: str
    environment: Mapping[str, str]


@pytest.fixture(scope="session", autouse=True)
def clean_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Keeps the developer's settings, `.env` and data away from every test."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for name in filter(OURS.match, list(os.environ)):
            patch.delenv(name)
        patch.setenv("FRONTDESK_DATA_DIR", str(home / "data"))
        # Commands are those of this environment, also where nobody has activated it.
        patch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
        patch.chdir(home)
        yield home


@pytest.fixture(autouse=True)
def clean_log() -> Iterator[None]:
    """Puts the log back that a test has set up, as a command of frontdesk does."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def docs_server(clean_home: Path) -> Iterator[DocsServer]:
    """A demo server as `make demo` starts it, on a free port."""
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    command = [sys.executable, "-m", "frontdesk", "demo", "--port", "0"]
    with (
        (clean_home / "demo.log").open("w+") as log,
        subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        ) as server,
    ):
        yield DocsServer(_wait_for_address(server, Path(log.name)), environment)
        server.terminate()


def _wait_for_address(server: subprocess.Popen[str], log: Path) -> str:
    for line in server.stdout or ():
        if found := re.search(r"http://([\w.]+:\d+)", line):
            return found[1]
    pytest.fail(f"The demo server did not start:\n{log.read_text()}")


def _evaluate_shell(example: Example) -> str | None:
    """Runs a `bash` block; of a `console` block the lines after `$ `, compared with the output
    below them, if any (`...` stands for anything).
    """
    code = str(example.parsed)
    lines = code.splitlines()
    commands = [line[2:] for line in lines if line.startswith("$ ")]
    output = _run_shell("\n".join(commands) if commands else code, example.namespace["docs_server"])
    expected = "\n".join(line for line in lines if not line.startswith("$ "))
    flags = ELLIPSIS | NORMALIZE_WHITESPACE
    if commands and expected.strip() and not OutputChecker().check_output(expected, output, flags):
        return f"The page says:\n{expected}\n\nThe command said:\n{output}"
    return None


def _run_shell(code: str, server: DocsServer) -> str:
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", code.replace(ADDRESS, server.address)],
        cwd=ROOT,
        env=server.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, f"exit status {done.returncode}:\n{done.stdout}"
    return done.stdout.replace(server.address, ADDRESS)


def _read_along(item: pytest.Item) -> tuple[str, int]:
    return (str(item.path), item.example.line) if isinstance(item, SybilItem) else ("", 0)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Runs a page from top to bottom, whatever the order of the tests."""
    items.sort(key=_read_along)


pytest_collect_file = Sybil(
    parsers=[
        PythonCodeBlockParser(),
        CodeBlockParser("bash", _evaluate_shell),
        CodeBlockParser("console", _evaluate_shell),
        SkipParser(),
    ],
    patterns=["README.md", "CONTRIBUTING.md", "docs/*.md"],
    fixtures=["docs_server"],
).pytest()
