"""Tools: the one way to call them, and what a bad one costs."""

import asyncio
import re
from decimal import Decimal
from typing import Any

import pytest
from structlog.testing import capture_logs
from tests.tool_calls import as_is, broken, marked, turn

from frontdesk.contract.context import TurnContext
from frontdesk.contract.errors import GuardrailUnavailable
from frontdesk.contract.tools import Tool, tool
from frontdesk.tools.calls import call


def failing(error: BaseException, *, side_effect: bool = False) -> Tool:
    """A tool that raises this."""

    @tool(name="fails", side_effect=side_effect)
    async def fails() -> str:
        """Fails."""
        raise error

    return fails


async def forever() -> str:
    """Never comes back."""
    await asyncio.Event().wait()
    return "late"


def returning(value: Any) -> Tool:
    """A tool that returns this."""

    @tool(name="gives")
    async def gives() -> Any:
        """Gives."""
        return value

    return gives


async def test_a_tool_that_asks_for_it_gets_the_turn() -> None:
    @tool
    async def whoami(context: TurnContext, greeting: str) -> str:
        """Who speaks."""
        return f"{greeting} {context.user} of {context.tenant}"

    result = await call(whoami, turn(user="bob"), {"greeting": "hi"}, as_is)

    assert (result.text, result.ok) == ("hi bob of acme", True)


async def test_a_call_is_noted_in_the_ledger() -> None:
    context = turn()
    await call(returning("x"), context, {}, as_is)
    await call(failing(ValueError()), context, {}, as_is)

    assert [(use.name, use.ok) for use in context.ledger.tools] == [
        ("gives", True),
        ("fails", False),
    ]
    assert all(0 <= use.ms < 1000 for use in context.ledger.tools)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("as it is", "as it is"),
        ("lone \ud800", "lone ?"),
        ({"price": Decimal("1.50"), 7: {"ä"}}, '{"price":"1.50","7":["ä"]}'),
        (None, "null"),
    ],
)
async def test_a_result_becomes_text_and_keeps_its_value(value: Any, text: str) -> None:
    result = await call(returning(value), turn(), {}, as_is)

    assert (result.text, result.value) == (text, value)


async def test_a_result_passes_the_check_before_the_model_sees_it() -> None:
    assert (await call(returning("secret"), turn(), {}, marked)).text == "<secret>"


async def test_a_check_that_is_down_lets_nothing_pass() -> None:
    with pytest.raises(GuardrailUnavailable):
        await call(returning("x"), turn(), {}, broken)


@pytest.mark.parametrize(
    "error",
    [ValueError("pw=1"), SystemExit(3), asyncio.CancelledError(), ExceptionGroup("g", [OSError()])],
)
async def test_a_tool_that_raises_costs_only_its_result(error: BaseException) -> None:
    with capture_logs() as logs:
        result = await call(failing(error), turn(), {}, as_is)

    assert not result.ok
    assert result.text.startswith("The tool fails failed: it ")
    assert [(each["tool"], each["error"]) for each in logs] == [("fails", type(error).__name__)]
    assert "pw=1" not in f"{result} {logs}"
    assert re.search(r"test_tools\.py:\d+$", logs[0]["at"])


async def test_a_tool_that_returns_no_json_has_failed() -> None:
    with capture_logs():
        assert not (await call(returning(object()), turn(), {}, as_is)).ok


async def test_a_tool_is_stopped_at_its_deadline() -> None:
    with capture_logs() as logs:
        result = await call(Tool("slow", forever, timeout_s=0.01), turn(), {}, as_is)

    assert result.text == "The tool slow failed: it did not finish within 0.01 s."
    assert logs[0]["error"] == "TimeoutError"


async def test_a_failed_side_effect_is_never_offered_again() -> None:
    with capture_logs():
        result = await call(failing(OSError(), side_effect=True), turn(), {}, as_is)

    assert result.text.endswith("Its outcome is unknown; do not call it again in this turn.")


async def test_cancelling_the_turn_cancels_the_tool() -> None:
    started, context = asyncio.Event(), turn()

    async def waits() -> str:
        started.set()
        return await forever()

    task = asyncio.create_task(call(Tool("waits", waits), context, {}, as_is))
    await started.wait()
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert [(use.name, use.ok) for use in context.ledger.tools] == [("waits", False)]
