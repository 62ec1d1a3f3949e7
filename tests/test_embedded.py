"""The embedded server: one for all processes of a folder, ended by the last of them."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from frontdesk.contract.errors import SettingsError
from frontdesk.sessions.connection import open_redis
from frontdesk.sessions.embedded import embedded_server
from frontdesk.sessions.engines import Engine, choose_engine

SILENT_S = 1.2  # longer than a process waits for the first answer
USER = """
import asyncio, pathlib, sys
from frontdesk.sessions.embedded import embedded_server

async def main():
    async with embedded_server(pathlib.Path(sys.argv[1])) as url:
        print(url, flush=True)
        await asyncio.to_thread(sys.stdin.readline)

asyncio.run(main())
"""


@asynccontextmanager
async def user(folder: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """Another process that uses the folder's server, until its input ends."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", USER, str(folder)), stdin=pipe, stdout=pipe
    )
    assert process.stdin
    assert process.stdout
    try:
        assert await process.stdout.readline()
        yield process
        process.stdin.close()
    finally:
        await process.wait()


async def server_pid(url: str) -> int:
    async with open_redis(url) as redis:
        return int((await redis.info("server"))["process_id"])


async def stopped(pid: int) -> None:
    async with asyncio.timeout(10):
        while _lives(pid):  # noqa: ASYNC110 - another process has no event
            await asyncio.sleep(0.005)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_data_is_there_after_a_restart(tmp_path: Path) -> None:
    async with embedded_server(tmp_path) as url, open_redis(url) as redis:
        await redis.set("k", "v")
        pid = await server_pid(url)
    await stopped(pid)
    async with embedded_server(tmp_path) as url, open_redis(url) as redis:
        assert await redis.get("k") == b"v"


async def test_processes_share_one_server_and_the_last_stops_it(tmp_path: Path) -> None:
    async with embedded_server(tmp_path) as url:
        pid = await server_pid(url)
        async with user(tmp_path), user(tmp_path):
            assert await server_pid(url) == pid
        assert await server_pid(url) == pid
    await stopped(pid)


async def test_the_death_of_the_first_process_leaves_server_and_data(tmp_path: Path) -> None:
    async with user(tmp_path) as first, embedded_server(tmp_path) as url:
        pid = await server_pid(url)
        first.send_signal(signal.SIGKILL)
        await first.wait()
        assert await server_pid(url) == pid
    await stopped(pid)


async def test_a_server_that_nobody_uses_any_more_is_adopted(tmp_path: Path) -> None:
    async with user(tmp_path) as first:
        first.send_signal(signal.SIGKILL)
        await first.wait()
    async with embedded_server(tmp_path) as url:
        pid = await server_pid(url)
    await stopped(pid)


async def test_a_killed_server_is_started_again_with_its_data(tmp_path: Path) -> None:
    async with embedded_server(tmp_path) as url, open_redis(url) as redis:
        await redis.set("k", "v")
        pid = await server_pid(url)
        os.kill(pid, signal.SIGKILL)
        await stopped(pid)
        async with embedded_server(tmp_path) as again, open_redis(again) as fresh:
            assert await fresh.get("k") == b"v"


async def test_a_busy_server_is_waited_for_and_never_doubled(tmp_path: Path) -> None:
    async with embedded_server(tmp_path) as url:
        pid = await server_pid(url)
        os.kill(pid, signal.SIGSTOP)
        asyncio.get_running_loop().call_later(SILENT_S, os.kill, pid, signal.SIGCONT)
        async with embedded_server(tmp_path) as again:
            assert await server_pid(again) == pid


async def test_a_removed_socket_is_an_error_and_not_a_second_server(tmp_path: Path) -> None:
    async with embedded_server(tmp_path) as url:
        socket = tmp_path / "s.sock"
        socket.rename(tmp_path / "kept")
        with pytest.raises(SettingsError, match="was removed"):
            async with embedded_server(tmp_path):
                pass
        (tmp_path / "kept").rename(socket)
        assert await server_pid(url)


async def test_a_long_path_gets_a_short_socket(tmp_path: Path) -> None:
    folder = tmp_path / ("x" * 100)
    async with embedded_server(folder) as url:
        assert len(url) < 110
        assert await server_pid(url)


async def test_the_folder_and_its_data_are_for_the_user_alone(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    async with embedded_server(folder) as url, open_redis(url) as redis:
        await redis.set("k", "v")
        assert folder.stat().st_mode & 0o077 == 0
        written = [path for path in folder.rglob("*.aof") if path.is_file()]
        assert written
        assert all(path.stat().st_mode & 0o077 == 0 for path in written)


async def test_a_server_that_cannot_start_says_where_to_look(tmp_path: Path) -> None:
    (tmp_path / "appendonlydir").touch()
    with pytest.raises(SettingsError, match=r"server\.log"):
        async with embedded_server(tmp_path):
            pass


@pytest.mark.parametrize(
    ("writer", "chosen"),
    [
        ("", "valkey 9.1.2"),
        ("valkey 9.1.2", "valkey 9.1.2"),
        ("redis 7.0.15", "valkey 9.1.2"),
        ("redis 8.0.0", "redis 8.2.3"),
    ],
)
def test_the_server_is_one_that_can_read_the_data(tmp_path: Path, writer: str, chosen: str) -> None:
    stamp = tmp_path / "engine"
    if writer:
        stamp.write_text(writer)
    candidates = [Engine("valkey", (9, 1, 2)), Engine("redis", (8, 2, 3))]
    assert str(choose_engine(stamp, candidates)) == chosen


@pytest.mark.parametrize("writer", ["valkey 9.2.0", "redis 8.4.0", "something", "valkey"])
def test_data_that_no_server_can_read_is_refused(tmp_path: Path, writer: str) -> None:
    stamp = tmp_path / "engine"
    stamp.write_text(writer)
    with pytest.raises(SettingsError, match=r"REDIS_URL|FRONTDESK_DATA_DIR"):
        choose_engine(stamp, [Engine("valkey", (9, 1, 2))])
