"""The place of a turn among those that run at once."""

from collections.abc import Awaitable, Callable
from types import TracebackType


class Place:
    """Given back at the end of the block, unless a turn keeps it."""

    def __init__(self, leave: Callable[[], Awaitable[None]] | None = None) -> None:
        self._leave = leave

    def keep(self) -> None:
        """The turn runs: it gives the place back when it ends."""
        self._leave = None

    async def leave(self) -> None:
        """Gives it back, if it is not kept."""
        if self._leave:
            await self._leave()

    async def __aenter__(self) -> "Place":
        """Itself."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Gives it back."""
        await self.leave()
