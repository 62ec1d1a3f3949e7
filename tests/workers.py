"""Workers as processes, and a plugin through which tests stop them."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.test_fleet import Server

from frontdesk.testing import FakeOpenAI

PENDING = ("queued", "in_progress")
USER = {"X-Frontdesk-User": "ann"}
PLUGIN = '''
import asyncio
import os
from contextlib import asynccontextmanager
from pathlib import Path

from frontdesk.contract.parts import Parts
from frontdesk.contract.tools import tool

HERE = Path(__file__).parent


def paying(name):
    @tool(name=name, side_effect=True)
    async def pay(amount: int) -> str:
        """Pays."""
        with (HERE / "paid").open("a") as paid:
            paid.write(f"{name} {amount};")
        with (HERE / "by").open("a") as by:
            by.write(f"{os.getpid()};")
        if (HERE / "hold").read_text() == name:
            await asyncio.Event().wait()
        return f"{name} has paid {amount}"

    return pay


@asynccontextmanager
async def plugin(place):
    yield Parts(tools=(paying("rent"), paying("power")))
'''


class Place:
    """The folder through which the plugin is told where to stop, and tells what it did."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        (folder / "pays.py").write_text(PLUGIN)
        self.hold("")

    def hold(self, tool: str) -> None:
        (self.folder / "hold").write_text(tool)

    @property
    def paid(self) -> list[str]:
        return self._told("paid")

    @property
    def by(self) -> list[int]:
        """The processes that paid."""
        return [int(each) for each in self._told("by")]

    def _told(self, name: str) -> list[str]:
        path = self.folder / name
        return path.read_text().split(";")[:-1] if path.exists() else []


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - what is waited for is in another process
            await asyncio.sleep(0.005)


async def sent(server: Server, message: str, **fields: Any) -> str:
    body = {"message": message, "background": True, **fields}
    answer = await server.http.post("/v1/chat", json=body, headers=USER)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["turn_id"])


async def now(server: Server, turn: str) -> dict[str, Any]:
    """The turn as it stands."""
    return dict((await server.http.get(f"/v1/turns/{turn}", headers=USER)).json())


async def ended(server: Server, turn: str) -> dict[str, Any]:
    async with asyncio.timeout(30):
        while (answer := await now(server, turn))["status"] in PENDING:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.02)
    return answer


async def killed(process: asyncio.subprocess.Process) -> None:
    process.kill()
    await process.wait()


@asynccontextmanager
async def working(
    folder: Path, upstream: FakeOpenAI, **settings: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A `frontdesk worker` on the server of this folder."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "frontdesk", "worker"),
        stderr=asyncio.subprocess.PIPE,
        env={
            "PATH": os.environ["PATH"],
            "FRONTDESK_DATA_DIR": str(folder),
            "OPENAI_BASE_URL": upstream.base_url,
            **settings,
        },
    )
    assert process.stderr
    try:
        async with asyncio.timeout(20):
            while b"worker runs" not in (line := await process.stderr.readline()):
                assert line, "the worker ended"
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        await process.communicate()
