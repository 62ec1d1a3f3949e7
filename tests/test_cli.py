"""The commands as a person types them."""

import json
import logging
import os
import re
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
import structlog

from frontdesk import __version__
from frontdesk.cli import main
from frontdesk.cli.screen import safe

ORDER = "Where is my order 2024-1001?"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FRONTDESK_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("FRONTDESK_LOG_FORMAT", "text")
    monkeypatch.chdir(tmp_path)
    return tmp_path


class Typed:
    """What a command came to."""

    def __init__(self, status: int, out: str, err: str) -> None:
        self.status, self.out, self.err = status, out, err

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Type = Callable[..., Typed]


@pytest.fixture
def run(home: Path) -> Type:
    """Types a command in a shell of its own."""

    def run(*arguments: str, stdin: str = "", **environment: str) -> Typed:
        done = subprocess.run(
            [sys.executable, "-m", "frontdesk", *arguments],
            input=stdin,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return Typed(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def own_logging() -> Iterator[None]:
    """A command sets the log up for its process; here it must not outlive the test."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def call(own_logging: None, capsys: pytest.CaptureFixture[str]) -> Type:
    """Calls a command in this process."""

    def call(*arguments: str) -> Typed:
        with pytest.raises(SystemExit) as end:
            main(arguments)
        captured = capsys.readouterr()
        return Typed(int(end.value.code or 0), captured.out, captured.err)

    return call


@pytest.fixture
def demo() -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A demo server and its address, read from what it prints."""
    command = [sys.executable, "-m", "frontdesk", "demo", "--port", "0"]
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        found = (re.search(r"http://127.0.0.1:\d+", line) for line in process.stdout)
        yield process, next(match[0] for match in found if match)
        process.terminate()


def test_the_version_is_printed(call: Type) -> None:
    assert call("version").out == f"{__version__}\n"


def test_a_wrong_option_is_a_usage_error(call: Type) -> None:
    assert call("key", "create", "--colour", "blue").status == 2


def test_a_wrong_setting_is_one_line_that_names_it(
    call: Type, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FRONTDESK_PORT", "harbour")
    said = call("key", "list")
    assert said.status == 1
    assert said.err.startswith("frontdesk: Wrong settings: FRONTDESK_PORT")
    assert said.err.count("\n") == 1


def test_a_key_is_made_listed_without_its_secret_and_revoked(call: Type) -> None:
    made = call("key", "create", "--tenant", "acme", "--scope", "read", "--json").json
    listed = call("key", "list", "--json")
    assert [(key["id"], key["tenant"], key["scopes"]) for key in listed.json] == [
        (made["id"], "acme", ["read"])
    ]
    assert made["key"] not in listed.out
    assert call("key", "revoke", made["id"]).status == 0
    assert call("key", "list", "--json").json == []


def test_revoking_a_key_that_is_not_there_fails(call: Type) -> None:
    said = call("key", "revoke", "nobody")
    assert (said.status, said.out) == (1, "")
    assert "no key nobody" in said.err


def test_one_message_is_answered_without_a_key_and_the_demo_says_that_it_is_no_ai(
    run: Type,
) -> None:
    said = run("demo", "--ask", ORDER)
    assert said.status == 0
    assert "2024-1001" in said.out
    assert re.search(r"no AI", said.out)
    assert "handler · 0 model calls" in said.out


def test_a_failed_answer_is_exit_status_1(run: Type) -> None:
    said = run("demo", "--ask", "Hello there", OPENAI_BASE_URL="http://127.0.0.1:9/v1")
    assert said.status == 1
    assert "failed" in said.out


def test_what_happened_can_be_looked_up_and_forgotten(run: Type, call: Type) -> None:
    turn = run("demo", "--ask", ORDER, "--json").json
    assert "preprocess" in call("trace", "show", turn["turn_id"]).out
    assert [s["session_id"] for s in call("session", "list", "--json").json] == [turn["session_id"]]
    assert turn["answer"] in call("session", "show", turn["session_id"]).out
    assert call("session", "forget", turn["session_id"]).status == 0
    assert call("session", "show", turn["session_id"]).status == 1


def test_another_user_finds_nothing_of_it(run: Type, call: Type) -> None:
    turn = run("demo", "--ask", ORDER, "--json").json
    assert call("trace", "show", turn["turn_id"], "--user", "bob").status == 1
    assert call("session", "list", "--user", "bob", "--json").json == []
    assert call("session", "show", turn["session_id"], "--tenant", "acme").status == 1


def test_an_id_that_cannot_be_one_is_refused(call: Type) -> None:
    assert "letters, digits" in call("session", "forget", "x}:*").err


def test_lines_that_are_piped_into_chat_are_one_conversation(run: Type, call: Type) -> None:
    said = run("chat", stdin="/help\n\n/usage\n", OPENAI_BASE_URL="http://127.0.0.1:9/v1")
    assert said.status == 0, said.err
    [session] = call("session", "list", "--json").json
    assert session["totals"]["turns"] == 2
    assert f"--session {session['session_id']}" in said.out


def test_chat_without_a_model_says_what_to_do(run: Type) -> None:
    said = run("chat", stdin="hello\n")
    assert said.status == 1
    assert "OPENAI_API_KEY" in said.err
    assert "Traceback" not in said.err


def test_the_demo_serves_and_stops_when_told(demo: tuple[subprocess.Popen[str], str]) -> None:
    process, url = demo
    answer = httpx2.post(f"{url}/v1/chat", json={"message": ORDER}, timeout=20).json()
    assert (answer["rung"], answer["receipt"]["model_calls"]) == ("handler", 0)
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 0


def test_a_server_that_others_can_reach_wants_a_key_first(call: Type) -> None:
    said = call("serve", "--host", "0.0.0.0", "--port", "0")  # noqa: S104 - that it is refused
    assert said.status == 1
    assert "frontdesk key create" in said.err


def test_a_taken_port_is_named(call: Type, demo: tuple[subprocess.Popen[str], str]) -> None:
    port = demo[1].rpartition(":")[2]
    said = call("serve", "--port", port)
    assert said.status == 1
    assert f"port {port}" in said.err


def test_text_cannot_act_on_the_terminal() -> None:
    assert safe("a\x1b[2Jb\x07\u202ec\n한국어 👩‍💻") == "a[2Jbc\n한국어 👩‍💻"


class Terminal:
    """A terminal with a program in it, seen from the keyboard's side."""

    def __init__(self, keyboard: int) -> None:
        self._keyboard, self._shown = keyboard, ""

    def type(self, text: str) -> None:
        os.write(self._keyboard, text.encode())

    def wait_for(self, pattern: str) -> str:
        """What the pattern's group found on the screen; the screen up to there is then empty."""
        while not (found := re.search(pattern, self._shown, re.DOTALL)):
            assert select.select([self._keyboard], [], [], 20)[0], self._shown
            self._shown += os.read(self._keyboard, 4096).decode(errors="replace")
        self._shown = self._shown[found.end() :]
        return found[1]


@contextmanager
def terminal(*command: str) -> Iterator[Terminal]:
    keyboard, inside = os.openpty()
    with subprocess.Popen(command, stdin=inside, stdout=inside, stderr=inside) as process:
        os.close(inside)
        yield Terminal(keyboard)
        process.terminate()
    os.close(keyboard)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo terminals")
def test_on_a_terminal_the_demo_chats_and_serves_the_same_sessions() -> None:
    with terminal(sys.executable, "-m", "frontdesk", "demo", "--port", "0") as screen:
        url = screen.wait_for(r"(http://127.0.0.1:\d+).*\n> ")
        screen.type("주문 2024-1001 어디?\n")
        assert "2024-1001" in screen.wait_for(r"(Order .*)handler · 0 model calls.*\n> ")
        [session] = httpx2.get(f"{url}/v1/sessions", timeout=20).json()["sessions"]
        screen.type("\x04")
        assert screen.wait_for(r"--session (\w+)") == session["session_id"]
