"""A desk whose plugin files may be edited while it works: for development.

An edit opens a whole new version of the desk beside the running one. It takes over when all is well
with it, in one assignment; if not, the log says why and the running one stays. A turn ends on the
version on which it began; a version closes its plugins when its last turn has ended.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TypeAlias

import structlog

from frontdesk.contract.attempts import Failed, attempt
from frontdesk.contract.messages import Message
from frontdesk.desk import Desk
from frontdesk.sessions.store import Begun, Hold

CHECK_S = 0.5
"""How often the folder is looked at, in seconds."""
OPEN_S = 300.0
"""How long all plugins together may take to start, in seconds."""

Files: TypeAlias = frozenset[tuple[str, int, int]]
"""Names, times and sizes of the files of a folder."""

OpenVersion: TypeAlias = Callable[[], AbstractAsyncContextManager[tuple[Desk, tuple[str, ...]]]]
"""Opens a desk with its plugins; also says which of these were refused, and why."""

log = structlog.get_logger()


@dataclass(slots=True, eq=False)
class Version:
    """A desk as the files were at one moment. It lives in a task of its own, so that plugins are
    closed by the task that opened them.
    """

    desk: Desk
    problems: tuple[str, ...]
    turns: int = 0
    _leaves: bool = False
    _empty: asyncio.Event = field(default_factory=asyncio.Event)
    _task: asyncio.Task[None] | None = None

    @classmethod
    async def opened(cls, open_version: OpenVersion) -> "Version":
        """A version that runs. Raises what `open_version` does."""
        ready: asyncio.Future[Version] = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(cls._live(open_version, ready))
        either: tuple[asyncio.Future[Any], ...] = (task, ready)
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if not ready.done():
            await task
        version = ready.result()
        version._task = task
        return version

    @classmethod
    async def _live(cls, open_version: OpenVersion, ready: "asyncio.Future[Version]") -> None:
        async with open_version() as (desk, problems):
            version = cls(desk, problems)
            ready.set_result(version)
            await version._empty.wait()

    @contextmanager
    def used(self) -> Iterator[Desk]:
        """Keeps the version open for one turn."""
        self.turns += 1
        try:
            yield self.desk
        finally:
            self.turns -= 1
            self._look()

    def leave(self) -> "asyncio.Task[None]":
        """Ends it after its last turn; the task that is done then."""
        assert self._task
        self._leaves = True
        self._look()
        return self._task

    def _look(self) -> None:
        if self._leaves and not self.turns:
            self._empty.set()


class Versions:
    """The version that takes new turns, and those that still have turns to end."""

    def __init__(self, open_version: OpenVersion, folder: Path, first: Version) -> None:
        self._open, self._folder, self.current = open_version, folder, first
        self._leaving: set[asyncio.Task[None]] = set()

    async def watch(self, known: Files) -> None:
        """Renews the desk whenever the folder has changed since `known` and is quiet again."""
        before = known
        while True:
            await asyncio.sleep(CHECK_S)
            now = _seen(self._folder)
            if now == before and now != known:
                known = now
                await self.renew()
            before = now

    async def renew(self) -> None:
        """Lets a new version take over, unless something is wrong with it."""
        try:
            new = await attempt(Version.opened(self._open), OPEN_S)
        except Failed as failed:
            log.error("plugins.kept", cause=f"{failed.what}: {failed.__cause__}", at=failed.at)
            return
        worse = [each for each in new.problems if each not in self.current.problems]
        if worse:
            log.error("plugins.kept", cause="; ".join(worse))
            self._leave(new)
        else:
            old, self.current = self.current, new
            log.info("plugins.reloaded", running=old.turns)
            self._leave(old)

    async def close(self) -> None:
        """Ends all versions; no turn runs any more."""
        self._leave(self.current)
        await asyncio.gather(*self._leaving)

    def _leave(self, version: Version) -> None:
        task = version.leave()
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)


@dataclass(frozen=True, slots=True)
class ReloadingDesk(Desk):
    """Gives each turn to the desk of the current version; what is no turn sees the first one."""

    versions: Versions

    async def start(self, message: Message) -> Begun:
        """Takes a message in, as `Desk.start`."""
        return await self.versions.current.desk.start(message)

    async def turn(self, hold: Hold) -> Hold | None:
        """Runs a turn, as `Desk.turn`, to its end on one version."""
        with self.versions.current.used() as desk:
            return await desk.turn(hold)


@asynccontextmanager
async def reloading(open_version: OpenVersion, folder: Path) -> AsyncIterator[Desk]:
    """The desk of `open_version`, opened anew when a file `*.py` of the folder changes."""
    known = _seen(folder)
    first = await Version.opened(open_version)
    versions = Versions(open_version, folder, first)
    parts = {each.name: getattr(first.desk, each.name) for each in fields(Desk)}
    watching = asyncio.create_task(versions.watch(known))
    try:
        yield ReloadingDesk(**parts, versions=versions)
    finally:
        watching.cancel()
        await asyncio.wait({watching})
        await versions.close()


def _seen(folder: Path) -> Files:
    """The files as they are now: a change of any is a change of this."""
    try:
        found = [(path.name, path.stat()) for path in folder.expanduser().glob("*.py")]
    except OSError:  # a file was renamed meanwhile: the next look sees it
        return frozenset()
    return frozenset((name, stat.st_mtime_ns, stat.st_size) for name, stat in found)
