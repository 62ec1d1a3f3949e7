"""Foreign code where it can stop nobody: blocking code in a thread, async code in a task.

The threads of `asyncio.to_thread` are few, shared by the whole process and joined when it ends: one
function that hangs in each of them would stop every plugin, and the exit. Here they are daemons.
"""

import asyncio
import contextvars
import inspect
import threading
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from pathlib import PurePath
from typing import Any, TypeVar

import structlog

T = TypeVar("T")
Done = Callable[[], None]

GRACE_S = 1.0
"""How long cancelled code may clean up, in seconds, before it is left alone."""

log = structlog.get_logger()


def nothing() -> None:
    """Nobody waits for the end."""


async def in_task(work: Callable[[], Awaitable[T]], done: Done = nothing) -> T:
    """What the code returns or raises. Cancelled, it has `GRACE_S` seconds to end and is left alone
    when it does not; `done` is called when it has ended.
    """
    code = _outcome(work)
    task = asyncio.create_task(code)
    task.add_done_callback(lambda _: done())
    try:
        await asyncio.wait({task})
    except asyncio.CancelledError:
        task.cancel()
        _, running = await asyncio.wait({task}, timeout=GRACE_S)
        if running:
            _broken_off(code, task, work)
            raise
        stopped = task.result()[1]
        if isinstance(stopped, asyncio.CancelledError):
            raise stopped from None  # its traceback says where the code was stopped
        raise
    value, error = task.result()
    if error:
        raise error
    return value  # type: ignore[no-any-return]  # it is what the work returned


def _broken_off(
    code: Coroutine[Any, Any, Any], task: "asyncio.Task[Any]", work: Callable[[], object]
) -> None:
    """Ends code that a cancellation does not: else it would run on, and hold the process's exit."""
    task.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
    try:
        code.close()
        task.cancel()  # wakes the task, which finds its code gone and ends
    except RuntimeError:
        log.error("task.not_ended", at=_place(work))
    else:
        log.warning("task.not_cancelled", at=_place(work))


def _place(work: Callable[[], object]) -> str:
    function = inspect.unwrap(getattr(work, "func", work))
    code = getattr(function, "__code__", None)
    return f"{PurePath(code.co_filename).name}:{code.co_firstlineno}" if code else "unknown"


async def _outcome(work: Callable[[], Awaitable[T]]) -> tuple[Any, BaseException | None]:
    # As a value: a SystemExit that leaves a task ends the loop.
    try:
        return await work(), None
    except BaseException as error:  # noqa: BLE001 - it is raised where the end is waited for
        return None, error


async def in_thread(work: Callable[[], T], done: Done = nothing) -> T:
    """What the code returns or raises, from a thread of its own. Cancelled, this stops waiting and
    the thread runs on; `done` is called when it has ended.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[tuple[Any, BaseException | None]] = loop.create_future()

    def end(outcome: tuple[Any, BaseException | None]) -> None:
        done()
        if not future.done():
            future.set_result(outcome)

    run = partial(contextvars.copy_context().run, work)
    threading.Thread(target=_work, args=(loop, run, end), daemon=True).start()
    value, error = await future
    if error:
        raise error
    return value  # type: ignore[no-any-return]  # it is what the work returned, through a future of any


def _work(
    loop: asyncio.AbstractEventLoop, run: Callable[[], Any], end: Callable[[Any], None]
) -> None:
    outcome: tuple[Any, BaseException | None]
    try:
        outcome = run(), None
    except BaseException as error:  # noqa: BLE001 - it is raised where the end is waited for
        outcome = None, error
    if not loop.is_closed():
        loop.call_soon_threadsafe(end, outcome)
