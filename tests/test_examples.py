"""The examples beside the demo shop: its model of keyword rules calls their tools, offline."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from frontdesk.assembly import open_desk
from frontdesk.config import Settings
from frontdesk.contract.parts import Plugin
from frontdesk.demo import DemoModels, policy, shop
from frontdesk.testing import Visitor
from frontdesk_calendar import plugin as calendar
from frontdesk_sales import plugin as sales
from frontdesk_tickets import plugin as tickets
from frontdesk_weather import plugin as weather

STOCK = Path(__file__).parent.parent / "examples" / "stock" / "mcp.json"
EXAMPLES: dict[str, Plugin] = {
    "weather": weather,
    "tickets": tickets,
    "sales": sales,
    "calendar": calendar,
}


@pytest_asyncio.fixture
async def visitor(settings: Settings) -> AsyncIterator[Visitor]:
    """A user of the demo shop that has all examples."""
    chosen = settings.model_copy(update={"mcp_servers": STOCK})
    plugins = {"shop": shop, **EXAMPLES}
    async with open_desk(chosen, plugins=plugins, models=DemoModels(), policy=policy()) as desk:
        yield Visitor(desk, "ann")


async def test_every_example_answers_beside_the_others(visitor: Visitor) -> None:
    asked = {
        "What is the weather in Busan?": "Busan: 20 °C, wind 9 km/h (invented).",
        "Can you write a support ticket about my problem?": "Ticket T-1 is open.",
        "What is the state of my ticket T-1?": "Ticket T-1 (Can you write",
        "Which columns does the sales database have?": "price_krw INTEGER",
        "What is in the calendar on 2026-11-23?": "Stocktaking",
        "How many pieces of the teapot are in stock?": "12 x teapot",
    }
    for question, expected in asked.items():
        answer = (await visitor.ask(question, session_id="")).answer or ""
        assert expected in answer, f"{question}: {answer}"


async def test_a_plain_question_is_still_the_shops(visitor: Visitor) -> None:
    assert "2024-1001" in ((await visitor.ask("Where is my order 2024-1001?")).answer or "")
