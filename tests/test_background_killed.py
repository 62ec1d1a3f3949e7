"""A turn in the background whose process is killed, again and again: it is done once, by others."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.test_fleet import Server, serving

from frontdesk.testing import FakeOpenAI, slow, text, tool_call

PLUGIN = '''
import asyncio
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
        if (HERE / "hold").read_text() == name:
            await asyncio.Event().wait()
        return f"{name} has paid {amount}"

    return pay


@asynccontextmanager
async def plugin(place):
    yield Parts(tools=(paying("rent"), paying("power")))
'''
USER = {"X-Frontdesk-User": "ann"}
HELD = slow(30)
"""An answer of a model that does not come as long as its process lives."""


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
        path = self.folder / "paid"
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


async def ended(server: Server, turn: str) -> dict[str, Any]:
    async with asyncio.timeout(30):
        while True:
            answer = (await server.http.get(f"/v1/turns/{turn}", headers=USER)).json()
            if answer["status"] not in ("queued", "in_progress"):
                return dict(answer)
            await asyncio.sleep(0.02)


async def killed(server: Server) -> None:
    server.process.kill()
    await server.process.wait()


async def test_a_turn_that_is_killed_twice_is_completed_once_and_pays_once(
    tmp_path: Path, upstream: FakeOpenAI
) -> None:
    place = Place(tmp_path / "plugins")
    told = {"FRONTDESK_PLUGINS_DIR": str(place.folder), "FRONTDESK_LEASE_S": "1"}
    place.hold("power")
    upstream.script(
        tool_call("rent", {"amount": 5}), tool_call("power", {"amount": 7}), HELD, text("All paid.")
    )
    async with serving(tmp_path / "data", upstream, **told) as one:
        turn = await sent(one, "Pay my bills")
        await until(lambda: len(place.paid) == 2)  # in the middle of the second tool
        await killed(one)
    place.hold("")
    async with serving(tmp_path / "data", upstream, **told) as two:
        await until(lambda: upstream.calls == 3 and upstream.active)  # in the middle of the answer
        await killed(two)
    async with serving(tmp_path / "data", upstream, **told) as three:
        result = await ended(three, turn)
    assert (result["status"], result["answer"]) == ("completed", "All paid.")
    assert place.paid == ["rent 5", "power 7"]
    assert upstream.calls == 4  # only the one that was cut off was made again
