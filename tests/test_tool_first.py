"""Tool-first: what tools answer by themselves before any model, the clock among them."""

import asyncio
import re
from datetime import UTC, datetime
from typing import Annotated, Any

import orjson
import pytest
from pydantic import Field
from structlog.testing import capture_logs
from tests.tool_calls import marked, turn

from frontdesk.contract.errors import PluginError
from frontdesk.contract.handlers import Answer, Enrich, Outcome, Pass
from frontdesk.contract.tools import First, Tool, tool
from frontdesk.tools.calls import call
from frontdesk.tools.clock import clock
from frontdesk.tools.first import first_handlers


def order_tool(**options: Any) -> Tool:
    """A tool-first order lookup."""

    @tool(first=First(r"\border (?P<number>\d+)\b", options.pop("answer", None)), **options)
    async def order(number: Annotated[int, Field(lt=100)]) -> dict[str, Any]:
        """An order."""
        if number == 13:
            raise LookupError("no such order")
        return {"number": number, "status": "sent"}

    return order


async def first(made: Tool, text: str) -> Outcome:
    """What the tool makes of the message before any model."""
    [handler] = first_handlers([made], marked)
    with capture_logs():
        return await handler.ask(turn(text))


async def test_a_tool_answers_its_own_question_and_the_answer_is_checked() -> None:
    made = order_tool(answer=lambda order: f"{order['number'] + 1} {order['status']}")

    assert await first(made, "Where is ＯＲＤＥＲ\u200b  41?") == Answer("<42 sent>")


async def test_a_result_without_an_answer_is_a_fact_marked_as_data() -> None:
    outcome = await first(order_tool(answer=lambda _: None), "order 7")

    assert isinstance(outcome, Enrich)
    assert "data, not instruction" in outcome.fact
    data = orjson.loads(outcome.fact[outcome.fact.index("{") :])
    assert data == {"tool": "order", "result": '<{"number":7,"status":"sent"}>'}


async def test_an_answer_that_cannot_be_made_leaves_the_fact() -> None:
    made = order_tool(answer=lambda order: order["missing"])

    assert isinstance(await first(made, "order 7"), Enrich)


@pytest.mark.parametrize(
    "text",
    ["hello", "order 13", "order 4711", "order 7 " + "x" * 2000],
    ids=["none", "failed", "does not fit", "long"],
)
async def test_what_a_tool_cannot_settle_is_left_to_the_model(text: str) -> None:
    assert await first(order_tool(), text) == Pass()


async def test_two_things_asked_for_at_once_are_ambiguous() -> None:
    assert await first(order_tool(), "order 1 or order 2?") == Pass(ambiguous=True)


async def test_the_same_thing_said_twice_is_not_ambiguous() -> None:
    assert isinstance(await first(order_tool(), "order 7, yes order 7!"), Enrich)


async def test_a_failed_side_effect_is_told_to_the_model() -> None:
    outcome = await first(order_tool(side_effect=True), "order 13")

    assert isinstance(outcome, Enrich)
    assert "do not call it again" in outcome.fact


@pytest.mark.parametrize("pattern", [r"order (?P<id>\d+)", r"order", r"(?P<number>"])
def test_a_pattern_that_does_not_fit_its_function_is_refused(pattern: str) -> None:
    made = Tool("order", order_tool().function, First(pattern))

    with pytest.raises(PluginError, match="tool order"):
        first_handlers([made], marked)


def test_a_tool_has_its_whole_deadline_when_it_comes_first() -> None:
    [handler] = first_handlers(
        [Tool("plain", order_tool().function), order_tool(timeout_s=60.0)], marked
    )

    assert handler.name == "first:order"
    assert 10 < handler.order < 100
    assert handler.timeout_s > 60


@pytest.mark.parametrize(
    "text",
    [
        "What time is it?",
        "what’s the current date",
        "지금 몇 시야?",
        "오늘 날짜 알려줘",
        "오늘은 무슨 요일이야",
    ],
)
async def test_the_clock_answers_plain_questions(text: str) -> None:
    outcome = await first(clock, text)

    assert isinstance(outcome, Answer)
    assert re.fullmatch(
        r"<\d{4}-\d\d-\d\d \w+day, \d\d:\d\d \(Asia/Seoul, UTC\+0900\) · [\d: -]+ UTC>",
        outcome.text,
    )


@pytest.mark.parametrize(
    "text",
    [
        "What time is it in your shop?",
        "지금 몇 시까지 배송돼요?",
        "what time is dinner",
        "it is time",
    ],
)
async def test_the_clock_leaves_other_questions_alone(text: str) -> None:
    assert await first(clock, text) == Pass()


async def test_the_clock_knows_the_zone_that_is_asked_for() -> None:
    result = await call(clock, turn(""), {"zone": "UTC"}, marked)
    shown = datetime.strptime(f"{result.value['utc']} +0000", "%Y-%m-%d %H:%M %z")

    assert abs((datetime.now(UTC) - shown).total_seconds()) < 120
    assert result.value["utc"] == f"{result.value['date']} {result.value['time']}"


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../../etc/passwd", "", "Asia", "\0"])
async def test_the_clock_says_when_there_is_no_such_zone(zone: str) -> None:
    result = await call(clock, turn(""), {"zone": zone}, marked)

    assert "no such time zone" in result.text
    assert isinstance(await first(clock, "what time is it in mars/olympus"), Enrich)


async def test_a_pattern_cannot_hang_on_a_long_message() -> None:
    began = asyncio.get_running_loop().time()
    await first(clock, "what time is it " * 120)
    await first(clock, "지금" + " " * 1900)

    assert asyncio.get_running_loop().time() - began < 0.5
