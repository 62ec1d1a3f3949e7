"""The doctor looks at Redis, and keeps every secret to itself."""

import asyncio
import json
import os
import secrets
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from frontdesk.cli.doctor.discretion import discreet, secrets_of
from frontdesk.cli.doctor.examination import CHECKS, examine_with
from frontdesk.cli.doctor.store import drift, engine, pace, place
from frontdesk.config import Settings
from frontdesk.contract.findings import Result, failed
from frontdesk.sessions.engines import installed_engines
from frontdesk.testing import FakeOpenAI


async def examined(settings: Settings, url: str) -> dict[str, Result]:
    """The results of the checks of this Redis, by name."""
    checks = [check for check in CHECKS if check.name in ("redis", "secret") or check.needs]
    checks = [check for check in checks if "model server" not in check.needs]
    results = await examine_with(settings.model_copy(update={"redis_url": url}), checks=checks)
    return {result.check: result for result in results}


@asynccontextmanager
async def bare_server(folder: Path, *options: str) -> AsyncIterator[str]:
    """The socket of a Valkey that keeps nothing, with these options."""
    path = folder / "bare.sock"
    bare = ("--port", "0", "--unixsocket", str(path), "--dir", str(folder), "--appendonly", "no")
    server = await asyncio.create_subprocess_exec(
        installed_engines()[0].path, *bare, "--save", "", *options, stdout=subprocess.DEVNULL
    )
    try:
        async with asyncio.timeout(10):
            while not path.is_socket():  # noqa: ASYNC110 - another process has no event
                await asyncio.sleep(0.01)
        yield str(path)
    finally:
        server.terminate()
        await server.wait()


async def doctor(*arguments: str, **environment: str) -> tuple[int, str, str]:
    """Types the command in a shell of its own: status, output, errors."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "frontdesk", "doctor", *arguments),
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


async def test_a_dead_redis_is_found_and_what_needs_it_is_skipped(
    settings: Settings, tmp_path: Path
) -> None:
    results = await examined(settings, f"unix://{tmp_path / 'nobody.sock'}")
    assert results["redis"].status == "FAIL"
    assert "nobody.sock" in results["redis"].evidence
    assert "check that it runs" in results["redis"].advice
    assert results["persistence"].evidence == results["isolation"].evidence == "needs: redis"


async def test_a_url_that_is_none_is_found_without_quoting_it(settings: Settings) -> None:
    redis = (await examined(settings, "redis://:half#hidden@host:1"))["redis"]
    assert (redis.status, "REDIS_URL" in redis.advice) == ("FAIL", True)
    assert "half" not in f"{redis}"
    assert "hidden" not in f"{redis}"


async def test_a_redis_that_deletes_sessions_and_forgets_at_a_restart_is_found(
    settings: Settings, tmp_path: Path
) -> None:
    async with bare_server(tmp_path, "--maxmemory-policy", "allkeys-lru") as path:
        results = await examined(settings, f"unix://{path}")
    assert (results["eviction"].status, results["persistence"].status) == ("FAIL", "FAIL")
    assert "noeviction" in results["eviction"].advice
    assert "appendonly yes" in results["persistence"].advice


async def test_evicting_only_what_has_a_time_to_live_is_no_better(
    settings: Settings, tmp_path: Path
) -> None:
    options = ("--maxmemory-policy", "volatile-ttl", "--save", "3600 1")
    async with bare_server(tmp_path, *options) as path:
        results = await examined(settings, f"unix://{path}")
    assert results["eviction"].status == "FAIL"
    persistence = results["persistence"]
    assert (persistence.status, persistence.evidence) == ("PASS", "snapshots (3600 1)")


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"redis_version": "6.2.14"}, "FAIL"),
        ({"redis_version": "7.0.0"}, "PASS"),
        ({"redis_version": "7.2.4", "valkey_version": "9.1.2"}, "PASS"),
    ],
)
def test_a_redis_that_is_too_old_is_found(told: dict[str, str], expected: str) -> None:
    assert engine(told, "here").status == expected


@pytest.mark.parametrize(("seconds", "expected"), [(0.2, "PASS"), (-1.5, "WARN"), (31.0, "FAIL")])
def test_clocks_that_differ_are_found(seconds: float, expected: str) -> None:
    assert drift(seconds).status == expected


@pytest.mark.parametrize(("p50", "p99", "expected"), [(0.3, 2, "PASS"), (9, 9, "WARN")])
def test_a_far_redis_is_found(p50: float, p99: float, expected: str) -> None:
    assert pace(p50, p99).status == expected


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://ann:pass@host:6380/2?password=pass", "redis://host:6380/2"),
        ("unix://:pass@/run/s.sock?password=pass", "unix:///run/s.sock"),
        ("redis+cluster://ann:pass@one,two:7", "redis+cluster://one:6379,two:7"),
        ("redis+sentinel://:pass@one/desk", "redis+sentinel://one:26379/desk"),
        ("redis+sentinel://:pass@one", "an address that is none"),
        (None, "embedded"),
    ],
)
def test_the_place_of_redis_is_shown_without_credentials(url: str | None, shown: str) -> None:
    assert place(url) == shown


def test_a_secret_is_hidden_wherever_it_stands(settings: Settings) -> None:
    word = secrets.token_urlsafe(9)
    url = f"redis://:{word}@host"
    known = secrets_of(settings.model_copy(update={"redis_url": url}))
    finding = discreet(failed(f"cannot open {url}", f"try {word}\x1b[2J\nagain"), known)
    assert word not in f"{finding}"
    assert finding.advice == "try [secret][2J again"


def test_what_looks_like_a_secret_is_hidden_and_advice_stays_readable() -> None:
    key, password = f"sk-{secrets.token_hex(8)}", secrets.token_hex(8)
    said = f"{key} in http://u:{password}@host, password={password}"
    finding = discreet(failed(said, "Set FRONTDESK_SECRET: the same everywhere"), frozenset())
    assert key not in finding.evidence
    assert password not in finding.evidence
    assert finding.advice == "Set FRONTDESK_SECRET: the same everywhere"


@pytest.mark.parametrize("arguments", [(), ("--json",)])
async def test_no_secret_is_ever_printed(
    upstream: FakeOpenAI, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    names = ("key", "redis", "secret", "base", "plugin")
    planted = {name: secrets.token_hex(16) for name in names}
    loud = f"raise ValueError('sk-{planted['plugin']} {planted['redis']}')\n"
    (tmp_path / "loud.py").write_text(loud)
    async with bare_server(tmp_path, "--requirepass", planted["redis"]) as path:
        _, out, err = await doctor(
            *arguments,
            OPENAI_API_KEY=f"sk-{planted['key']}",
            OPENAI_BASE_URL=upstream.base_url.replace("//", f"//ann:{planted['base']}@"),
            REDIS_URL=f"unix://:{planted['redis']}@{path}",
            FRONTDESK_SECRET=planted["secret"],
            FRONTDESK_PLUGINS_DIR=str(tmp_path),
            FRONTDESK_DATA_DIR=str(tmp_path),
        )
    assert "[secret]" in out
    assert "13 ways" in out
    assert [name for name, value in planted.items() if value in out + err] == []


async def test_a_sound_deployment_exits_with_0_and_a_failure_with_1(
    upstream: FakeOpenAI, tmp_path: Path
) -> None:
    (tmp_path / "chatty.py").write_text("print('Hello!')\nfrom frontdesk.tools.clock import plugin")
    there = {"OPENAI_BASE_URL": upstream.base_url, "FRONTDESK_DATA_DIR": str(tmp_path / "data")}
    well, out, err = await doctor("--json", **there)
    ill, lines, _ = await doctor(FRONTDESK_PLUGINS_DIR=str(tmp_path), **there)
    assert (well, json.loads(out)["status"], err) == (0, "PASS", "")
    assert (ill, "FAIL  plugins" in lines, "Hello" in lines) == (1, True, False)
