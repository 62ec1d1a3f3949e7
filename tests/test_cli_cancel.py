"""Ctrl-C during an answer of `frontdesk chat`."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from frontdesk.testing import FakeOpenAI

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no pseudo terminals on Windows")


class Terminal:
    """A terminal seen from the keyboard's side; `shown` is what has come on it."""

    def __init__(self, keyboard: int) -> None:
        self.keyboard, self.shown = keyboard, ""
        self._more = asyncio.Event()
        asyncio.get_running_loop().add_reader(keyboard, self._read)

    def _read(self) -> None:
        self.shown += os.read(self.keyboard, 4096).decode(errors="replace")
        self._more.set()

    def type(self, text: str) -> None:
        self.shown = ""
        os.write(self.keyboard, text.encode())

    async def wait_for(self, words: str) -> None:
        async with asyncio.timeout(60):
            while words not in self.shown:
                await self._more.wait()
                self._more.clear()

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self.keyboard)
        os.close(self.keyboard)


def heed_ctrl_c() -> None:
    """What runs in the background of a shell ignores Ctrl-C, and all that it starts does, too."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


async def test_ctrl_c_during_an_answer_ends_that_answer_and_not_the_talk(
    upstream: FakeOpenAI, tmp_path: Path
) -> None:
    keyboard, inside = os.openpty()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "frontdesk", "chat"),
        stdin=inside,
        stdout=inside,
        stderr=inside,
        preexec_fn=heed_ctrl_c,
        env={
            **os.environ,
            "OPENAI_BASE_URL": upstream.base_url,
            "FRONTDESK_DATA_DIR": str(tmp_path),
        },
    )
    os.close(inside)
    screen = Terminal(keyboard)
    await screen.wait_for("> ")
    screen.type("Tell me all [slow:0.02] [long:500]\n")
    await screen.wait_for("word3")
    process.send_signal(signal.SIGINT)
    await screen.wait_for("cancelled · ")
    screen.type("Good morning to you\n")
    await screen.wait_for("You said: Good morning to you")
    await screen.wait_for("\x1b[0m\r\n> ")
    screen.type("\x04")
    await screen.wait_for("--session")
    screen.close()
    assert await process.wait() == 0
