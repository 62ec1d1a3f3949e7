"""Tickets are their user's, opened once and refunded once, and never without a person."""

from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from pathlib import Path

import pytest
import pytest_asyncio

from frontdesk.contract.approvals import Decision
from frontdesk.contract.errors import ApprovalDecided
from frontdesk.contract.events import TurnWaiting
from frontdesk.contract.tools import Tool
from frontdesk.testing import (
    ToolFailed,
    Visitor,
    a_turn,
    parts_of,
    run_tool,
    scripted_desk,
    text,
    tool_call,
)
from frontdesk_tickets import plugin
from frontdesk_tickets.book import Book

STATE = "What is the state of my ticket T-1?"


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


@pytest.mark.parametrize(("approved", "state"), [(True, "refunded, 30,000 KRW"), (False, "open.")])
async def test_a_refund_waits_for_a_person_and_is_paid_once(approved: bool, state: str) -> None:
    asked = tool_call("refund", {"number": "T-1", "amount_krw": 30_000})
    replies = (tool_call("open_ticket", {"subject": "Broken"}), asked, text("Done."))
    async with scripted_desk(plugin, *replies) as ann:
        turn_id = await ann.send("My vase is broken, money back!")
        decision = Decision(await asked_for(ann, turn_id), approved)
        assert "open." in ((await ann.ask(STATE)).answer or "")
        await ann.desk.decide(ann.owner, turn_id, decision)
        await ann.read(turn_id)
        with pytest.raises(ApprovalDecided):
            await ann.desk.decide(ann.owner, turn_id, decision)
        assert (await ann.desk.sessions.result(ann.owner, turn_id)).answer == "Done."
        assert state in ((await ann.ask(STATE)).answer or "")


async def asked_for(ann: Visitor, turn_id: str) -> str:
    """The approval that the turn waits for, once it does."""
    async with aclosing(ann.desk.sessions.events(ann.owner, turn_id)) as events:
        async for _, event in events:
            if isinstance(event, TurnWaiting):
                (action,) = event.required_actions
                return str(action["approval_id"])
    raise AssertionError("it did not wait")


async def test_an_agent_opens_a_ticket_and_its_state_needs_no_model() -> None:
    call = tool_call("open_ticket", {"subject": "Broken"})
    async with scripted_desk(plugin, call, text("I opened T-1.")) as ann:
        assert (await ann.ask("My vase is broken")).answer == "I opened T-1."
        state = await ann.ask(STATE)
    assert (state.rung, state.answer) == ("handler", "Ticket T-1 (Broken): open.")


def test_the_book_survives_its_process(tmp_path: Path) -> None:
    path = tmp_path / "book.sqlite"
    Book.opened(path).open("acme", "ann", "turn_1", "Broken")
    assert [each.number for each in Book.opened(path).newest("acme", "ann")] == ["T-1"]
