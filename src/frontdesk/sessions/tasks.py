"""Tasks that run beside a caller: kept, logged when they fail, waited for at the end."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import structlog

from frontdesk.contract.errors import place

AGAIN_S = 0.5

logger = structlog.get_logger(__name__)


class Tasks:
    """A set of running tasks. A failure is logged by type and place only: its message might quote
    a user.
    """

    def __init__(self) -> None:
        self._running: set[asyncio.Task[None]] = set()

    def spawn(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        """Runs `work` in a task of its own."""
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._ended)
        return task

    def __len__(self) -> int:
        """How many run."""
        return len(self._running)

    async def wait(self, seconds: float) -> None:
        """Waits for all tasks, but no longer than `seconds`."""
        if self._running:
            await asyncio.wait(self._running, timeout=seconds)

    async def settle(self, seconds: float) -> None:
        """Waits for all tasks, cancels those that take longer than `seconds`."""
        await self.wait(seconds)
        while left := set(self._running):
            for task in left:
                task.cancel()
            # Again and again: in Python 3.11 a cancel can be lost in `wait_for`.
            await asyncio.wait(left, timeout=AGAIN_S)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._running.discard(task)
        error = None if task.cancelled() else task.exception()
        if error:
            logger.error("task.failed", error=type(error).__name__, at=place(error))
