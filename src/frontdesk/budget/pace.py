"""The pace at which a process takes turns in: no faster than its event loop keeps up."""

import asyncio

from frontdesk.contract.errors import Overloaded

AT_ONCE = 4
TICK_S = 0.02
MOST_LAG_S = 0.05
PATIENCE_S = 30.0
AGAIN_S = 2


class Pace:
    """A line, first come, first served. A few at a time pass, and one at a time while what those
    have to do makes the loop late: hundreds of turns that begin at once would all be late, also
    with what they owe to Redis.
    """

    def __init__(self, patience_s: float = PATIENCE_S) -> None:
        self._patience_s = patience_s
        self._line = asyncio.Lock()
        self._open = asyncio.Event()
        self._open.set()
        self._room = AT_ONCE

    async def wait(self) -> None:
        """Waits for its turn.

        Raises:
            Overloaded: that would take too long.
        """
        try:
            async with asyncio.timeout(self._patience_s), self._line:
                await self._open.wait()
                self._enter()
        except TimeoutError:
            raise Overloaded(
                "This process has more to do than it can: try again in a moment.",
                retry_after_s=AGAIN_S,
            ) from None

    def _enter(self) -> None:
        self._room -= 1
        if not self._room:
            self._open.clear()
            self._look_later()

    def _look_later(self) -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(TICK_S, self._look, loop.time() + TICK_S)

    def _look(self, due: float) -> None:
        """Opens again: where the loop itself is late, for one only, so that the line moves."""
        late = asyncio.get_running_loop().time() - due > MOST_LAG_S
        self._room = 1 if late else AT_ONCE
        self._open.set()
