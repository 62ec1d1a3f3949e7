"""The wish that a turn ends early, and how it reaches whoever can act on it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Literal

CancelMode = Literal["immediate", "after_model_call"]
"""`immediate` cuts model calls and tools off; `after_model_call` lets the model call that is under
way end, with the tools that it asks for.
"""

Listener = Callable[[CancelMode], None]


class Cancelled(Exception):
    """The turn stopped early because that was asked for."""


class Cancellation:
    """Whether a turn shall end early. It belongs to one event loop."""

    def __init__(self, mode: CancelMode | None = None) -> None:
        self._mode = mode
        self._listeners: list[Listener] = []

    @property
    def mode(self) -> CancelMode | None:
        """How it shall end; None as long as it shall not."""
        return self._mode

    def ask(self, mode: CancelMode) -> None:
        """Asks for the end; what is asked for as `immediate` stays so."""
        if self._mode in (mode, "immediate"):
            return
        self._mode = mode
        for listener in tuple(self._listeners):
            listener(mode)

    @contextmanager
    def heard(self, listener: Listener) -> Iterator[None]:
        """Inside, `listener` is told when somebody asks, and at once if somebody has asked."""
        self._listeners.append(listener)
        if self._mode:
            listener(self._mode)
        try:
            yield
        finally:
            self._listeners.remove(listener)

    @asynccontextmanager
    async def limit(self, seconds: float) -> AsyncIterator[None]:
        """What runs inside is stopped after `seconds`, or as soon as an immediate end is asked for.

        Raises:
            Cancelled: it was asked for.
            TimeoutError: the time is over.
        """
        try:
            async with asyncio.timeout(seconds) as scope:
                with self.heard(lambda mode: _stop(scope, mode)):
                    yield
        except TimeoutError:
            if self._mode == "immediate":
                raise Cancelled from None
            raise


def _stop(scope: asyncio.Timeout, mode: CancelMode) -> None:
    if mode == "immediate" and not scope.expired():
        scope.reschedule(asyncio.get_running_loop().time())
