"""Plain functions as guardrails: small texts are searched at once, long ones in a thread beside."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from threading import Thread

from frontdesk.contract.guardrails import Finding, Guardrail, Stage, Text

Find = Callable[[Text], Iterable[Finding]]
"""A detector: finds something in a text, without awaiting."""

INLINE_CHARS = 1_000
"""What the event loop can wait for: some 5 ms at most for one guardrail."""
THREADS = 4
EVERYWHERE: frozenset[Stage] = frozenset({"input", "tool", "output"})


def detector(
    name: str,
    *finds: Find,
    reach: int = 0,
    stages: frozenset[Stage] = EVERYWHERE,
    pending: Callable[[Text], int] | None = None,
    clearance: int = 0,
) -> Guardrail:
    """The guardrail that runs these functions; `reach` is that of the farthest, see `Guardrail`."""
    return Guardrail(name, _Search(finds).check, stages, reach, pending, clearance)


class _Search:
    """Runs the functions in daemon threads, `THREADS` at once at most. One that never ends keeps
    its thread, but neither the check, which has a deadline, nor the end of the process waits.
    """

    def __init__(self, finds: Sequence[Find]) -> None:
        self._finds, self._free = finds, asyncio.Semaphore(THREADS)

    async def check(self, text: Text) -> Sequence[Finding]:
        if len(text.original) <= INLINE_CHARS:
            return self._found(text)
        await self._free.acquire()
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Sequence[Finding]] = loop.create_future()
        Thread(target=self._beside, args=(text, loop, done), daemon=True).start()
        return await done

    def _found(self, text: Text) -> list[Finding]:
        return [finding for find in self._finds for finding in find(text)]

    def _beside(
        self, text: Text, loop: asyncio.AbstractEventLoop, done: asyncio.Future[Sequence[Finding]]
    ) -> None:
        found: Sequence[Finding] | Exception
        try:
            found = self._found(text)
        except Exception as error:  # noqa: BLE001 - it is raised where the check is awaited
            found = error
        with suppress(RuntimeError):  # the loop has been closed meanwhile
            loop.call_soon_threadsafe(self._tell, done, found)

    def _tell(
        self, done: asyncio.Future[Sequence[Finding]], found: Sequence[Finding] | Exception
    ) -> None:
        self._free.release()
        if done.done():
            return
        if isinstance(found, Exception):
            done.set_exception(found)
        else:
            done.set_result(found)
