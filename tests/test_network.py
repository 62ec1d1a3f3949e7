"""Nothing is sent to anybody but the configured model server."""

import asyncio
import json
import os
import sys
from pathlib import Path

from frontdesk.testing import FakeOpenAI

PROGRAM = """
import asyncio, json, sys

met = []

def listen(event, args):
    if event == "socket.connect":
        met.append(args[1] if isinstance(args[1], str) else args[1][0])
    elif event == "socket.getaddrinfo":
        met.append(args[0])

sys.addaudithook(listen)

from agents.tracing import flush_traces
from frontdesk.assembly import open_desk
from frontdesk.config import load_settings
from frontdesk.testing import Visitor

async def main():
    async with open_desk(load_settings()) as desk:
        ann = Visitor(desk, "ann")
        said = [await ann.ask(f"Hello number {n} of two", stream=bool(n)) for n in (0, 1)]
        await asyncio.to_thread(flush_traces)
    print(json.dumps({"answers": [each.status for each in said], "met": met}))

asyncio.run(main())
"""


async def test_only_the_configured_host_is_ever_contacted(
    tmp_path: Path, upstream: FakeOpenAI
) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PROGRAM),
        stdout=asyncio.subprocess.PIPE,
        env={
            "PATH": os.environ["PATH"],
            "FRONTDESK_DATA_DIR": str(tmp_path),
            "OPENAI_API_KEY": "a-key-that-would-switch-the-exporter-on",
            "OPENAI_BASE_URL": upstream.base_url,
        },
    )
    out, _ = await process.communicate()
    seen = json.loads(out.splitlines()[-1])
    assert seen["answers"] == ["completed", "completed"]
    strangers = {host for host in seen["met"] if host != "127.0.0.1" and not host.startswith("/")}
    assert "127.0.0.1" in seen["met"]
    assert not strangers
