"""The current version of a FAQ file: read again when it changes, kept when the new one is wrong."""

import asyncio
import time
from pathlib import Path
from typing import TypeAlias

import structlog

from frontdesk.contract.errors import PluginError
from frontdesk.preprocess.faq.files import read_faq
from frontdesk.preprocess.faq.matching import Matcher

CHECK_S = 1.0
"""How long a look at the file holds, in seconds."""

Stamp: TypeAlias = tuple[int, int, int] | None

log = structlog.get_logger()


class Shelf:
    """Holds the matcher of a file; `check_s` is the least time between two looks at it."""

    def __init__(self, path: Path, check_s: float = CHECK_S) -> None:
        self._path, self._check_s = path, check_s
        self._stamp: Stamp = None
        self._looked = 0.0
        self._matcher: Matcher | None = None

    async def open(self) -> None:
        """Reads the file for the first time.

        Raises:
            PluginError: it cannot be read or is wrong.
        """
        self._looked = time.monotonic()
        self._stamp, self._matcher = await asyncio.to_thread(_read, self._path)

    async def matcher(self) -> Matcher:
        """The newest good version; one message a second looks for it, the others do not wait."""
        assert self._matcher is not None, "open the shelf first"
        now = time.monotonic()
        if now - self._looked >= self._check_s:
            self._looked = now
            await self._renew()
        return self._matcher

    async def _renew(self) -> None:
        stamp = await asyncio.to_thread(_stamp, self._path)
        if stamp == self._stamp:
            return
        try:
            self._stamp, matcher = await asyncio.to_thread(_read, self._path)
        except PluginError as error:
            self._stamp = stamp  # so that what is wrong is told once
            log.error("faq.refused", cause=error.detail, kept="the version before")
        else:
            self._matcher = matcher
            log.info("faq.read", file=self._path.name, entries=len(matcher.entries))


def _read(path: Path) -> tuple[Stamp, Matcher]:
    stamp = _stamp(path)  # before the text: a change between the two is seen at the next look
    return stamp, Matcher(read_faq(path))


def _stamp(path: Path) -> Stamp:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
