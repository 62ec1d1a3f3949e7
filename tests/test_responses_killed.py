"""A response in the background whose process is killed: another one ends it, and keeps its end."""

import asyncio
from pathlib import Path
from typing import Any

from tests.response_callers import until
from tests.test_fleet import Server, serving

from frontdesk.testing import FakeOpenAI, slow, text

HELD = slow(30)
"""An answer of a model that does not come as long as its process lives."""


async def post(server: Server, path: str, **body: Any) -> dict[str, Any]:
    answer = await server.http.post(f"/v1/{path}", json=body)
    assert answer.is_success, answer.text
    return dict(answer.json())


async def got(server: Server, path: str) -> Any:
    return (await server.http.get(f"/v1/{path}")).json()


async def ended(server: Server, response_id: str) -> dict[str, Any]:
    async with asyncio.timeout(30):
        while True:
            found = await got(server, f"responses/{response_id}")
            if found["status"] not in ("queued", "in_progress"):
                return dict(found)
            await asyncio.sleep(0.05)


async def test_another_process_ends_it_once(tmp_path: Path, upstream: FakeOpenAI) -> None:
    told = {"FRONTDESK_LEASE_S": "1"}
    upstream.script(HELD, HELD, text("Here it is."), text("Here it is."))
    async with serving(tmp_path / "data", upstream, **told) as one:
        talk = (await post(one, "conversations"))["id"]
        asked = {"model": "frontdesk", "input": "Take your time", "background": True}
        begun = [await post(one, "responses", **asked, **m) for m in ({}, {"conversation": talk})]
        await until(lambda: upstream.active == 2)
        one.process.kill()
        await one.process.wait()
    async with serving(tmp_path / "data", upstream, **told) as two:
        found = [await ended(two, each["id"]) for each in begun]
        items = await got(two, f"conversations/{talk}/items?order=asc")
    said = [each["output"][0]["content"][0]["text"] for each in found]
    assert (said, upstream.calls) == (["Here it is."] * 2, 4)
    assert [item["role"] for item in items["data"]] == ["user", "assistant"]
