"""Tickets are their user's, opened once and refunded once, and never without a person."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest
import pytest_asyncio

from frontdesk.contract.tools import Tool
from frontdesk.testing import (
    ToolFailed,
    a_turn,
    parts_of,
    run_tool,
    scripted_desk,
    text,
    tool_call,
)
from frontdesk_tickets import plugin
from frontdesk_tickets.book import Book


@pytest_asyncio.fixture
async def tools() -> AsyncIterator[Mapping[str, Tool]]:
    """The plugin's tools by name, on an empty book."""
    async with parts_of(plugin) as parts:
        yield {each.name: each for each in parts.tools if isinstance(each, Tool)}


async def test_a_ticket_is_seen_by_its_user_alone(tools: Mapping[str, Tool]) -> None:
    await run_tool(tools["open_ticket"], subject="The vase is broken")

    own = await run_tool(tools["ticket"], number="T-1")
    assert own == "Ticket T-1 (The vase is broken): open."
    for stranger in (a_turn(user="bob"), a_turn(tenant="other")):
        assert await run_tool(tools["ticket"], stranger, number="T-1") == "You have no ticket T-1."
        assert await run_tool(tools["my_tickets"], stranger) == []


async def test_the_same_ticket_is_opened_once_in_a_turn(tools: Mapping[str, Tool]) -> None:
    said = [await run_tool(tools["open_ticket"], subject="Broken") for _ in range(2)]

    assert said == ["Ticket T-1 is open."] * 2
    assert len(await run_tool(tools["my_tickets"])) == 1


async def test_nothing_is_refunded_without_a_person(tools: Mapping[str, Tool]) -> None:
    await run_tool(tools["open_ticket"], subject="Broken")
    with pytest.raises(ToolFailed, match="needs the approval of a person"):
        await run_tool(tools["refund"], number="T-1", amount_krw=30_000)
    assert "refunded" not in await run_tool(tools["ticket"], number="T-1")


async def test_a_ticket_of_a_user_is_refunded_once(tools: Mapping[str, Tool]) -> None:
    refund = tools["refund"].function  # as it runs once a person has approved
    await run_tool(tools["open_ticket"], subject="Broken")

    assert "no ticket of yours" in refund(a_turn(user="bob"), "T-1", 5)
    assert refund(a_turn(), "T-1", 30_000) == "30,000 KRW are refunded for ticket T-1."
    assert refund(a_turn(), "T-1", 30_000).startswith("Nothing is refunded")


async def test_an_agent_opens_a_ticket_and_its_state_needs_no_model() -> None:
    call = tool_call("open_ticket", {"subject": "Broken"})
    async with scripted_desk(plugin, call, text("I opened T-1.")) as ann:
        assert (await ann.ask("My vase is broken")).answer == "I opened T-1."
        state = await ann.ask("What is the state of my ticket T-1?")
    assert (state.rung, state.answer) == ("handler", "Ticket T-1 (Broken): open.")


def test_the_book_survives_its_process(tmp_path: Path) -> None:
    path = tmp_path / "book.sqlite"
    Book.opened(path).open("acme", "ann", "turn_1", "Broken")
    assert [each.number for each in Book.opened(path).newest("acme", "ann")] == ["T-1"]
