"""kill -9 at each step of a turn: afterwards it is absent, whole or marked, nothing is doubled."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.histories import faults, shown
from tests.test_fleet import Server, serving

from frontdesk.testing import FakeOpenAI, text

PLUGIN = '''
import asyncio
from contextlib import asynccontextmanager
from pathlib import Path

from frontdesk.contract.guardrails import Guardrail
from frontdesk.contract.handlers import Handler, Pass
from frontdesk.contract.parts import Parts
from frontdesk.contract.tools import tool
from frontdesk.sessions.store import Sessions
from frontdesk.tracing.store import Traces

HERE = Path(__file__).parent


async def at(step):
    """Stops here for ever when the test asked for it."""
    if (HERE / "hold").read_text() == step:
        (HERE / "reached").write_text(step)
        await asyncio.Event().wait()


def checked(step, word):
    async def check(text):
        if word in text.original:
            await at(step)
        return ()

    return check


async def handle(context):
    if "kill" in context.text:
        await at("preprocess")
    return Pass()


@tool(side_effect=True)
async def pay() -> str:
    """Pays."""
    with (HERE / "paid").open("a") as paid:
        paid.write("x")
    await at("tool")
    return "paid with kill"


def before(target, name, step):
    """For moments at which no part of a plugin is asked."""
    whole = getattr(target, name)

    async def held(*args, **kwargs):
        await at(step)
        return await whole(*args, **kwargs)

    setattr(target, name, held)


def start(self, hold, whole=Sessions.start):
    if (HERE / "hold").read_text() == "begun":
        (HERE / "reached").write_text("begun")
    else:
        whole(self, hold)


@asynccontextmanager
async def plugin(place):
    Sessions.start = start
    before(Sessions, "commit", "commit")
    before(Traces, "keep", "trace")
    yield Parts(
        tools=(pay,),
        handlers=(Handler("waits", handle),),
        guardrails=(
            Guardrail("in", checked("guard_in", "kill"), frozenset({"input"})),
            Guardrail("out", checked("guard_out", "kill"), frozenset({"output"}), OUT),
        ),
    )
'''

STEPS = [
    ("guard_in", "", "absent"),
    ("begun", "", "completed"),
    ("preprocess", "", "completed"),
    ("model", "[slow:30]", "completed"),
    ("text", "[slow:0.3] [long:50]", "interrupted"),
    ("tool", "[tool:pay]", "interrupted"),
    ("guard_out", "", "completed"),
    ("commit", "", "interrupted"),
    ("trace", "", "completed"),
]
"""Where the process dies, what makes the model go there, and what the turn is afterwards."""
LEASE = {"FRONTDESK_LEASE_S": "1"}


class Place:
    """The folder of plugins through which a test stops a server."""

    def __init__(self, folder: Path, step: str) -> None:
        self.folder = folder
        folder.mkdir()
        (folder / "hold").write_text("")
        reach = "0" if step == "guard_out" else "4"
        (folder / "stops.py").write_text(PLUGIN.replace("OUT)", f"{reach})"))

    def hold(self, step: str) -> None:
        (self.folder / "hold").write_text(step)

    @property
    def reached(self) -> bool:
        return (self.folder / "reached").exists()

    @property
    def paid(self) -> int:
        path = self.folder / "paid"
        return len(path.read_text()) if path.exists() else 0


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - what is waited for is in another process
            await asyncio.sleep(0.005)


async def killed_at(
    step: str, server: Server, body: dict[str, Any], place: Place, upstream: FakeOpenAI
) -> None:
    """Sends the message and kills the server at the step."""
    place.hold(step)
    user, calls, read = {"X-Frontdesk-User": "ann"}, upstream.calls, list[str]()

    async def ask() -> None:
        async with server.http.stream("POST", "/v1/chat", json=body, headers=user) as stream:
            async for line in stream.aiter_lines():
                read.append(line)

    asked = asyncio.create_task(ask())
    if step == "model":
        await until(lambda: upstream.calls > calls and upstream.active)
    elif step == "text":
        await until(lambda: any("text.delta" in line for line in read))
    else:
        await until(lambda: place.reached)
    server.process.kill()
    await server.process.wait()
    await asyncio.wait([asked])
    asked.exception()
    place.hold("")


async def settled(server: Server, session: str, count: int) -> list[dict[str, Any]]:
    """The session's turns, once so many have ended."""
    async with asyncio.timeout(20):
        while len(turns := await server.turns("ann", session)) < count:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.02)
    return turns


@pytest.mark.parametrize(("step", "marker", "afterwards"), STEPS, ids=[each[0] for each in STEPS])
async def test_after_kill_9_the_turn_is_absent_whole_or_marked_and_the_next_one_works(
    step: str, marker: str, afterwards: str, tmp_path: Path, upstream: FakeOpenAI
) -> None:
    place = Place(tmp_path / "plugins", step)
    told = LEASE | {"FRONTDESK_PLUGINS_DIR": str(place.folder)}
    async with serving(tmp_path / "data", upstream, **told) as one:
        session = (await one.chat("ann", "This comes first"))["session_id"]
        body = {"message": f"kill me here {marker}", "session_id": session, "stream": True}
        await killed_at(step, one, body, place, upstream)
    if step == "model":
        upstream.script(text("Here I am again."))
    async with serving(tmp_path / "data", upstream, **told) as two:
        gone = afterwards == "absent"
        turns = (await settled(two, session, 1 if gone else 2))[1:]
        following = await two.chat("ann", "And what comes next?", session)
        ids = [turn["turn_id"] for turn in await two.turns("ann", session)]
    assert [turn["code"] or turn["status"] for turn in turns] == ([] if gone else [afterwards])
    assert following["status"] == "completed"
    assert len(ids) == len(set(ids)) == (2 if gone else 3)
    assert place.paid == (step == "tool")
    assert not [fault for request in upstream.requests for fault in faults(shown(request))]
