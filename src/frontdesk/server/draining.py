"""The end of a server: a signal to stop first has it drain, and only then reaches the HTTP server,
which would else close its door before the turns know of it.
"""

import asyncio
import signal
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def drained_first(drain: Callable[[], Awaitable[None]]) -> Iterator[None]:
    """Inside, the first signal that the HTTP server would stop at begins to `drain`; the server
    gets it afterwards. A second signal reaches it at once. Nothing changes where no server listens
    to signals, as in tests.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handlers = {number: signal.getsignal(number) for number in SIGNALS}
    served = {n: h for n, h in handlers.items() if callable(h) and h is not _DEFAULT}
    first = _First(served, drain)
    for number in served:
        signal.signal(number, first.heard)
    try:
        yield
    finally:
        for number, handler in served.items():
            signal.signal(number, handler)


_DEFAULT = signal.default_int_handler


class _First:
    """The first signal, which waits until the drain is over."""

    def __init__(self, handlers: Mapping[Any, Any], drain: Callable[[], Awaitable[None]]) -> None:
        self._handlers, self._drain = handlers, drain
        self._loop = asyncio.get_running_loop()
        self._heard = False
        self._task: asyncio.Task[None] | None = None

    def heard(self, number: int, frame: FrameType | None) -> None:
        """Handles a signal."""
        if self._heard:
            self._handlers[number](number, frame)
        else:
            self._heard = True
            self._loop.call_soon_threadsafe(self._begin, number)

    def _begin(self, number: int) -> None:
        self._task = self._loop.create_task(self._leave(number))

    async def _leave(self, number: int) -> None:
        try:
            await self._drain()
        finally:
            self._handlers[number](number, None)
