"""The checks of one tool."""

import asyncio
import inspect
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from frontdesk.contract.context import Ledger
from frontdesk.contract.findings import Finding, failed, passed, warned
from frontdesk.contract.tools import Tool
from frontdesk.testing.kit.samples import NoSample, sample_arguments
from frontdesk.testing.trials import a_turn
from frontdesk.tools.binding import bind
from frontdesk.tools.calls import Result, call

LONG_DEADLINE_S = 60.0
LONG_RESULT = 16_384
"""The default of FRONTDESK_MAX_RESULT_BYTES."""
TICK_S = 0.005
HELD_S = 0.1
STOP_S = 0.8
USERS = 20


@dataclass(frozen=True, slots=True)
class Trial:
    """A tool, and arguments to call it with; None when it must not be called, `why` says why."""

    tool: Tool
    arguments: dict[str, Any] | None
    why: str = ""


def trial_of(tool: Tool) -> Trial:
    """How a tool may be tried out."""
    if tool.side_effect or tool.needs_approval:
        return Trial(tool, None, "it changes something in the world, so it is not called here")
    try:
        return Trial(tool, sample_arguments(tool))
    except NoSample as missing:
        return Trial(tool, None, f"give the parameter {missing} a Field(examples=[...])")


async def schema(trial: Trial) -> Finding:
    """What a model is told about the arguments."""
    if bind(trial.tool, _as_is).strict_json_schema:
        return passed("strict")
    return warned(
        "a model may send arguments that do not fit",
        "Give each parameter a definite type: a pydantic model instead of dict, no **keywords.",
    )


async def docs(trial: Trial) -> Finding:
    """Whether a model can know what the tool and its parameters are for."""
    bound = bind(trial.tool, _as_is)
    fields: dict[str, Any] = bound.params_json_schema.get("properties", {})
    bare = [name for name, each in fields.items() if not each.get("description")]
    if bare:
        return warned(
            f"a model is not told what this is: {', '.join(bare)}",
            "Add it under `Args:` in the docstring.",
        )
    return passed(bound.description.partition("\n")[0][:60])


async def deadline(trial: Trial) -> Finding:
    """Whether a person could wait for it."""
    if trial.tool.timeout_s > LONG_DEADLINE_S:
        return warned(f"{trial.tool.timeout_s:g} s", "Nobody waits that long: lower timeout_s.")
    return passed(f"{trial.tool.timeout_s:g} s")


async def answer(trial: Trial) -> Finding:
    """Whether it answers, how fast, and how long the answer is."""
    began = time.perf_counter()
    result = await _called(trial, "ann")
    if not result.ok:
        return failed(result.text, "Run it in a test with frontdesk.testing.run_tool.")
    size, ms = len(result.text.encode()), (time.perf_counter() - began) * 1000
    if size > LONG_RESULT:
        return warned(f"{size} bytes", "A model gets only the beginning: return less.")
    return passed(f"{size} bytes in {ms:.0f} ms")


async def loop(trial: Trial) -> Finding:
    """Whether other turns go on while it works."""
    async with _ticking() as held:
        await _called(trial, "ann")
    if max(held, default=0.0) > HELD_S:
        return failed(
            f"everybody else waits {max(held) * 1000:.0f} ms for it",
            "Await what takes time, or write `def` instead of `async def`: then it has a thread.",
        )
    return passed("others go on meanwhile")


async def cancellation(trial: Trial) -> Finding:
    """Whether it ends when it is told to."""
    if not inspect.iscoroutinefunction(inspect.unwrap(trial.tool.function)):
        return passed("blocks: nobody waits for its thread after the deadline")
    task = asyncio.create_task(_called(trial, "ann"))
    await asyncio.sleep(TICK_S)
    task.cancel()
    _, running = await asyncio.wait({task}, timeout=STOP_S)
    if running:
        await asyncio.wait({task})
        return failed(
            f"it runs on {STOP_S:g} s after it was cancelled",
            "Let asyncio.CancelledError rise; clean up in `finally`.",
        )
    return passed("ends at once")


async def isolation(trial: Trial) -> Finding:
    """Whether what many users get at the same time stays apart."""
    users = [f"probe{number:02}x" for number in range(USERS)]
    results = await asyncio.gather(*(_called(trial, user) for user in users))
    for user, result in zip(users, results, strict=True):
        if any(other in result.text for other in users if other != user):
            return failed(
                "a user was told something about another one",
                "Keep nothing of a call in the module or the plugin: use the turn's context.",
            )
    return passed(f"{USERS} users at once")


CHECKS: tuple[Callable[[Trial], Awaitable[Finding]], ...] = (schema, docs, deadline)
CALLS = (answer, loop, cancellation, isolation)
"""The checks that call the tool."""


async def _called(trial: Trial, user: str) -> Result:
    context = a_turn("Hello", user, f"tenant-of-{user}")
    return await call(trial.tool, context, trial.arguments or {}, _as_is)


@asynccontextmanager
async def _ticking() -> AsyncIterator[list[float]]:
    """By how much the loop was late, in seconds, each time that it should have come round."""
    late: list[float] = []

    async def tick() -> None:
        while True:
            began = time.perf_counter()
            await asyncio.sleep(TICK_S)
            late.append(time.perf_counter() - began - TICK_S)

    task = asyncio.create_task(tick())
    await asyncio.sleep(TICK_S)
    try:
        yield late
        await asyncio.sleep(2 * TICK_S)
    finally:
        task.cancel()


async def _as_is(text: str, _ledger: Ledger) -> str:
    return text
