"""The embedded server: one Valkey for all processes of a data folder, started by the first, stopped
by the last.

Three locks in the folder: `boot.lock` around starting and stopping; `users.lock`, shared by every
process that uses the server; `server.lock`, inherited by the server itself, so that a free one
means that it is really gone.
"""

import asyncio
import errno
import hashlib
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import IO

from frontdesk.contract.errors import SettingsError
from frontdesk.sessions.engines import choose_engine, installed_engines

if sys.platform != "win32":
    import fcntl

DEADLINE_S = 30.0
LONGEST_SOCKET = 100  # bytes; the system's own limit is 108 on Linux, 104 on macOS


@asynccontextmanager
async def embedded_server(folder: Path) -> AsyncIterator[str]:
    """The URL of the server that keeps its data in `folder`; enter it after any fork.

    Raises:
        SettingsError: it cannot be started or reached.
    """
    server = _Server(folder)
    try:
        await _to_its_end(server.enter)
        yield server.url
    finally:
        await _to_its_end(server.leave)


async def _to_its_end(work: Callable[[], None]) -> None:
    """Runs blocking work in a thread; when cancelled, only after the work is over, so that no lock
    is left half taken.
    """
    task = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


class _Server:
    def __init__(self, folder: Path) -> None:
        self.folder = folder.expanduser().resolve()
        self.socket = _socket_path(self.folder)
        self.url = f"unix://{self.socket}"
        self._files = ExitStack()
        self._users: IO[bytes] | None = None

    def enter(self) -> None:
        if sys.platform == "win32":
            raise SettingsError("There is no embedded server on Windows: use WSL2 or a REDIS_URL.")
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        deadline = time.monotonic() + DEADLINE_S
        with ExitStack() as files, self._boot(deadline):
            users = files.enter_context(self._lock_file("users.lock"))
            _flock(users, fcntl.LOCK_SH, deadline)
            self._reach(deadline)
            self._users, self._files = users, files.pop_all()

    def leave(self) -> None:
        """Lets go of the server and stops it when nobody else uses it."""
        if self._users is None:
            return
        boot = self._boot(time.monotonic() + DEADLINE_S)
        with self._files, boot, suppress(BlockingIOError):
            fcntl.flock(self._users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._stop()

    def _boot(self, deadline: float) -> IO[bytes]:
        with ExitStack() as files:
            file = files.enter_context(self._lock_file("boot.lock"))
            _flock(file, fcntl.LOCK_EX, deadline)
            files.pop_all()
            return file

    def _lock_file(self, name: str) -> IO[bytes]:
        return open(self.folder / name, "ab")

    def _reach(self, deadline: float) -> None:
        """Waits for the server's answer; one that is merely busy is waited for, never doubled."""
        state = _probe(self.socket)
        started = self._start() if state == "gone" else None
        while state != "up":
            if started and started.poll() is not None:
                raise SettingsError(
                    f"The embedded server ended at its start; see {self.folder / 'server.log'}."
                )
            if time.monotonic() > deadline:
                raise SettingsError(
                    f"The server of {self.folder} does not answer on {self.socket}; see its"
                    " server.log, end that process and start again."
                )
            time.sleep(0.005)
            state = _probe(self.socket)

    def _start(self) -> "subprocess.Popen[bytes]":
        with self._lock_file("server.lock") as lock:
            self._refuse_a_second(lock)
            stamp = self.folder / "engine"
            engine = choose_engine(stamp, installed_engines())
            stamp.write_text(str(engine), encoding="utf-8")
            self.socket.unlink(missing_ok=True)
            with open(self.folder / "server.log", "ab") as log:
                process = subprocess.Popen(  # noqa: S603 - a server program by its full path
                    [engine.path, *self._options()],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,  # Ctrl-C is for us; the server stays while we drain
                    pass_fds=(lock.fileno(),),
                    umask=0o077,
                )
        # It may outlive us or end before us: somebody has to collect it in the second case.
        threading.Thread(target=process.wait, name="embedded-server", daemon=True).start()
        return process

    def _refuse_a_second(self, lock: IO[bytes]) -> None:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SettingsError(
                f"A server runs on {self.folder}, but its socket {self.socket} was removed. End"
                " the frontdesk processes and that server, then start again."
            ) from None

    def _options(self) -> list[str]:
        options = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self.folder),
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            "aof-load-truncated": "yes",
            "maxmemory-policy": "noeviction",
            "daemonize": "no",
        }
        return [part for name, value in options.items() for part in (f"--{name}", value)]

    def _stop(self) -> None:
        """NOSAVE leaves out the snapshot only: the append-only file is still written and synced."""
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
            line.settimeout(DEADLINE_S)
            line.connect(str(self.socket))
            line.sendall(b"*2\r\n$8\r\nSHUTDOWN\r\n$6\r\nNOSAVE\r\n")
            while line.recv(64):
                pass
        with self._lock_file("server.lock") as lock, suppress(SettingsError):
            _flock(lock, fcntl.LOCK_EX, time.monotonic() + DEADLINE_S)


def _socket_path(folder: Path) -> Path:
    path = folder / "s.sock"
    if len(os.fsencode(path)) <= LONGEST_SOCKET:
        return path
    digest = hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"frontdesk-{os.getuid()}-{digest}.sock"


def _flock(file: IO[bytes], how: int, deadline: float) -> None:
    while True:
        try:
            return fcntl.flock(file, how | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise SettingsError(
                    f"Another process holds {file.name} and does not let go: end it, start again."
                ) from None
            time.sleep(0.005)


def _probe(path: Path) -> str:
    """`up`; `gone`, when nobody listens; `busy`, when somebody does but has no time to answer."""
    try:
        if path.lstat().st_uid != os.getuid():
            raise SettingsError(f"{path} is somebody else's: set a shorter FRONTDESK_DATA_DIR.")
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
            line.settimeout(1.0)
            line.connect(str(path))
            line.sendall(b"*1\r\n$4\r\nPING\r\n")
            return "up" if line.recv(64).startswith(b"+PONG") else "busy"
    except OSError as error:
        return "gone" if error.errno in (errno.ENOENT, errno.ECONNREFUSED) else "busy"
