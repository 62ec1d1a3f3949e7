"""What a tool declares about itself is kept: threads, turns, sizes, approvals, scopes, rules."""

import asyncio
import threading
from contextlib import suppress
from typing import Any

import pytest
from agents import RunContextWrapper, function_tool
from agents.tool_context import ToolContext
from structlog.testing import capture_logs
from tests.tool_calls import as_is, turn
from tests.turns import until

from frontdesk.contract.context import TurnContext
from frontdesk.contract.errors import PluginError
from frontdesk.contract.tools import Tool, tool
from frontdesk.tools import tasks
from frontdesk.tools.calls import call
from frontdesk.tools.limits import THREADS, limited, limited_native


def counting(most: list[int], gate: asyncio.Event) -> Any:
    """An async function that notes how many of it run at the same time."""
    running: set[int] = set()

    async def work(number: int) -> str:
        """Works."""
        running.add(number)
        most.append(len(running))
        await gate.wait()
        running.discard(number)
        return str(number)

    return work


async def test_a_tool_runs_as_often_at_once_as_it_says() -> None:
    most: list[int] = []
    gate = asyncio.Event()
    made = limited(Tool("work", counting(most, gate), concurrency=2))
    calls = [asyncio.create_task(call(made, turn(), {"number": n}, as_is)) for n in range(5)]
    await until(lambda: len(most) == 2)
    gate.set()

    assert [(await each).text for each in calls] == ["0", "1", "2", "3", "4"]
    assert max(most) == 2


async def test_a_blocking_tool_runs_in_a_thread_and_gets_the_turn() -> None:
    @tool
    def whoami(context: TurnContext) -> str:
        """Who speaks, and where."""
        return f"{context.user} {threading.current_thread() is threading.main_thread()}"

    assert (await call(limited(whoami), turn(user="bob"), {}, as_is)).text == "bob False"


async def test_threads_that_hang_are_counted_until_they_end() -> None:
    started, gate = [], threading.Event()

    def hangs() -> str:
        """Hangs."""
        started.append(1)
        gate.wait(10)
        return "late"

    made = limited(Tool("hangs", hangs, timeout_s=0.05))
    with capture_logs() as logs:
        for _ in range(THREADS + 2):
            await call(made, turn(), {}, as_is)
    gate.set()

    assert (len(started), len(logs)) == (THREADS, THREADS + 2)
    assert (await call(made, turn(), {}, as_is)).text == "late"


async def test_code_that_ignores_its_cancellation_is_broken_off_and_gives_its_place_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tasks, "GRACE_S", 0.02)
    deaf = [True]

    async def ears() -> str:
        """Does not hear at first."""
        while deaf:
            with suppress(asyncio.CancelledError):
                await asyncio.Event().wait()
        return "heard"

    made = limited(Tool("ears", ears, timeout_s=0.02, concurrency=1))
    with capture_logs() as logs:
        assert not (await call(made, turn(), {}, as_is)).ok
    deaf.clear()

    assert [each["event"] for each in logs] == ["task.not_cancelled", "tool.failed"]
    assert (await call(made, turn(), {}, as_is)).text == "heard"


async def test_a_blocking_function_may_give_something_to_await() -> None:
    async def later() -> str:
        return "at last"

    assert (await call(limited(Tool("t", lambda: later())), turn(), {}, as_is)).text == "at last"


async def test_a_result_that_is_too_long_has_failed() -> None:
    @tool(max_result_bytes=3)
    async def long() -> str:
        """Is long."""
        return "가나"

    with capture_logs() as logs:
        result = await call(long, turn(), {}, as_is)

    assert (result.ok, result.text) == (False, "The tool long failed: it raised ResultTooLong.")
    assert logs[0]["error"] == "ResultTooLong"


async def by_amount(_context: TurnContext, arguments: dict[str, Any]) -> bool:
    return bool(arguments["amount"] > 10)


async def unsure(_context: TurnContext, _arguments: dict[str, Any]) -> bool:
    raise ValueError


@pytest.mark.parametrize(
    ("needed", "amount", "called"),
    [(True, 1, False), (by_amount, 11, False), (by_amount, 10, True), (unsure, 1, False)],
)
async def test_what_needs_an_approval_is_not_called_without_one(
    needed: Any, amount: int, called: bool
) -> None:
    @tool(needs_approval=needed)
    async def refund(amount: int) -> str:
        """Refunds."""
        return "paid"

    with capture_logs():
        result = await call(refund, turn(), {"amount": amount}, as_is)

    assert result.ok is called
    assert ("approval of a person" in result.text) is not called


@pytest.mark.parametrize(
    "options",
    [{"timeout_s": 0}, {"concurrency": 0}, {"max_result_bytes": -1}, {"scopes": ["admin"]}],
)
def test_an_option_that_cannot_be_true_is_refused(options: Any) -> None:
    with pytest.raises(PluginError, match=r"tool works"):

        @tool(**options)
        async def works() -> str:
            """Works."""
            return ""


def test_a_generator_is_no_tool() -> None:
    with pytest.raises(PluginError, match="it has a `yield`"):

        @tool
        async def pieces() -> Any:
            """Gives pieces."""
            yield ""


def native(body: Any) -> Any:
    """A tool of the SDK's own with this body."""

    @function_tool(name_override="native", failure_error_function=None)
    async def run(_run: RunContextWrapper[TurnContext]) -> str:
        """Is native."""
        return str(await body())

    return limited_native(run, "p (file p.py)")


async def exits() -> str:
    raise SystemExit(3)


async def floods() -> str:
    return "x" * 50_000_000


@pytest.mark.parametrize(("body", "said"), [(exits, "SystemExit"), (floods, "too long")])
async def test_a_tool_of_the_sdk_costs_only_its_result(body: Any, said: str) -> None:
    context: Any = ToolContext(turn(), tool_name="native", tool_call_id="c", tool_arguments="{}")
    with capture_logs() as logs:
        result = await native(body).on_invoke_tool(context, "{}")

    assert said in result
    assert logs[0]["plugin"] == "p (file p.py)"
