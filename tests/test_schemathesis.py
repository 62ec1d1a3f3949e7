"""schemathesis over the whole OpenAPI document: the server does as it says, whatever is sent."""

import asyncio
import os
import re
import sys
from pathlib import Path

import pytest
from tests.app_clients import app_on, served

from frontdesk.config import Settings
from frontdesk.desk import Desk
from frontdesk.server import refusals
from frontdesk.server.api_keys import SCOPES, ApiKeys

HERE = Path(__file__).parent
EXAMPLES = os.environ.get("EXAMPLES", "3")
"""How many requests are made up for each operation, on top of those that the document gives."""
LEAST = 1000


async def attacked(url: str, key: str, folder: Path) -> tuple[int, str]:
    """What schemathesis found: its exit status and its report. The same requests every time."""
    process = await asyncio.create_subprocess_exec(
        *(str(Path(sys.executable).parent / "schemathesis"), "--no-color"),
        *("--config-file", str(HERE / "schemathesis.toml"), "run", f"{url}/openapi.json"),
        *("-H", f"Authorization: Bearer {key}", "--max-examples", EXAMPLES),
        *("--generation-deterministic", "--output-truncate", "false"),
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(HERE.parent)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    report, _ = await process.communicate()
    return process.returncode or 0, report.decode()


async def test_no_request_finds_the_server_doing_other_than_it_says(
    desk: Desk, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refusals, "MOST", 10**9)  # it tries many wrong keys on purpose
    _, key = await ApiKeys(desk.sessions.redis).create("acme", "ann", SCOPES)
    async with served(app_on(desk, settings)) as url:
        status, report = await attacked(url, key, tmp_path)
    failures = report.partition("= FAILURES =")[2] or report
    assert status == 0, failures[:20_000]
    made = re.search(r"(\d+) generated", report)
    assert made, report
    assert int(made[1]) >= LEAST
