"""The sample conversations of the demo desk, over HTTP and in the terminal."""

import os
import re
import select
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

PAGE = Path(__file__).parent.parent / "docs" / "samples.md"
DEMO = (sys.executable, "-m", "frontdesk", "demo", "--port", "0")
WAIT_S = 30
SHOWN = {"tool": "handler", "FAQ": "handler", "guardrail": "blocked"}
"""How the terminal's receipt line calls who answered, where it is not the page's word."""


@dataclass(frozen=True)
class Line:
    """What somebody says, who must answer, and words of the answer."""

    says: str
    answers: str
    phrase: str


@dataclass(frozen=True)
class Conversation:
    """The lines below one heading of the page."""

    title: str
    lines: tuple[Line, ...]

    @property
    def korean(self) -> bool:
        return all(re.search("[가-힣]", line.says) for line in self.lines)


def conversations() -> list[Conversation]:
    sections = PAGE.read_text("utf-8").split("\n## ")[1:]
    return [Conversation(each.splitlines()[0], tuple(_lines(each))) for each in sections]


def _lines(section: str) -> Iterator[Line]:
    _head, _rule, *rows = re.findall(r"^\| (.+) \| (.+) \| (.+) \|$", section, re.MULTILINE)
    return (Line(*row) for row in rows)


each_conversation = pytest.mark.parametrize("talk", conversations(), ids=lambda talk: talk.title)


def environment(folder: Path) -> dict[str, str]:
    """A home of its own: what was said elsewhere could be answered from the cache here."""
    return {**os.environ, "FRONTDESK_DATA_DIR": str(folder), "TERM": "dumb"}


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a demo server."""
    home = environment(tmp_path_factory.mktemp("server"))
    with subprocess.Popen(
        DEMO, env=home, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    ) as process:
        found = (re.search(r"http://127.0.0.1:\d+", line) for line in process.stdout or ())
        yield next(match[0] for match in found if match)
        process.terminate()


@each_conversation
def test_a_sample_is_answered_over_http_by_whom_the_page_says(url: str, talk: Conversation) -> None:
    session: dict[str, str] = {}
    for line in talk.lines:
        answer = httpx2.post(
            f"{url}/v1/chat", json={"message": line.says, **session}, timeout=WAIT_S
        ).json()
        assert (line.says, _answered(answer)) == (line.says, line.answers)
        assert line.phrase in answer["answer"]
        session = {"session_id": answer["session_id"]}


def _answered(answer: dict[str, Any]) -> str:
    """Who answered, in the page's words."""
    if answer["status"] == "blocked":
        return "guardrail"
    if answer["rung"] == "handler":
        return "tool" if answer["receipt"]["tools"] else "FAQ"
    return str(answer["rung"])


def test_what_costs_nothing_on_the_page_calls_no_model(url: str) -> None:
    free = [line for talk in conversations() for line in talk.lines if line.answers in SHOWN]
    for line in free:
        answer = httpx2.post(f"{url}/v1/chat", json={"message": line.says}, timeout=WAIT_S).json()
        assert (line.says, answer["receipt"]["model_calls"]) == (line.says, 0)


class Terminal:
    """A demo in a terminal, seen from the keyboard's side."""

    def __init__(self, keyboard: int) -> None:
        self._keyboard, self._shown = keyboard, b""

    def say(self, text: str) -> str:
        """What the screen shows between the text and the next prompt."""
        os.write(self._keyboard, f"{text}\n".encode())
        return self.until_prompt()

    def until_prompt(self) -> str:
        while not self._shown.endswith(b"\n> "):
            assert select.select([self._keyboard], [], [], WAIT_S)[0], self._shown.decode()
            self._shown += os.read(self._keyboard, 4096)
        shown, self._shown = self._shown.decode(), b""
        return shown


@pytest.fixture(scope="module")
def terminal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    """A terminal in which the demo's chat has begun."""
    home = environment(tmp_path_factory.mktemp("terminal"))
    keyboard, screen = os.openpty()
    with subprocess.Popen(DEMO, env=home, stdin=screen, stdout=screen, stderr=screen) as process:
        os.close(screen)
        started = Terminal(keyboard)
        started.until_prompt()
        yield started
        process.terminate()
    os.close(keyboard)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo terminals")
@each_conversation
def test_a_sample_is_answered_in_the_terminal(terminal: Terminal, talk: Conversation) -> None:
    terminal.say("/reset")
    for line in talk.lines:
        shown = terminal.say(line.says)
        assert line.phrase in shown
        assert f"\n{SHOWN.get(line.answers, line.answers)} · " in shown


def test_the_samples_show_every_kind_of_answer_in_both_languages() -> None:
    talks = conversations()
    for language in (True, False):
        some = [talk for talk in talks if talk.korean is language]
        assert len(some) >= 3
        answers = {line.answers for talk in some for line in talk.lines}
        assert {"tool", "FAQ", "triage", "specialist"} <= answers
    assert "guardrail" in {line.answers for talk in talks for line in talk.lines}
