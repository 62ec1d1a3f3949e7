"""Specialists that other agents ask as a tool: what it costs, what the guardrails say, who may."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from tests.brought import bringing, load
from tests.crews import heard

from frontdesk.assembly import open_desk
from frontdesk.budget import Unlimited
from frontdesk.config import Settings
from frontdesk.contract.context import Ledger, ModelCall, TurnContext
from frontdesk.contract.guardrails import Policy
from frontdesk.contract.parts import Parts, Specialist
from frontdesk.contract.tools import tool
from frontdesk.contract.turns import ToolUse
from frontdesk.guardrails.chain import WITHHELD
from frontdesk.testing import FakeOpenAI, Visitor, a_turn, status, text, tool_call


@tool
async def statutes(_context: TurnContext) -> str:
    """The law."""
    return "paragraph 7"


LEGAL = Specialist("legal", "Knows the law.", "You know the law.", as_tool=True)
SALES = Specialist("sales", "Sells.", "You sell.", tools=("ask_legal",), as_tool=True)
DESK = bringing(Parts(tools=(statutes,), specialists=(LEGAL, SALES)))
QUESTION = {"question": "May I return a lamp?"}


@asynccontextmanager
async def ann_at(settings: Settings, policy: Policy | None = None) -> AsyncIterator[Visitor]:
    async with open_desk(settings, plugins={"desk": DESK}, policy=policy) as desk:
        yield Visitor(desk, "ann")


class Purse(Unlimited):
    """Says who was paid for."""

    def __init__(self) -> None:
        self.settled: list[str] = []

    async def settle(self, call: ModelCall) -> None:
        self.settled.append(call.agent)


def offered(upstream: FakeOpenAI, call: int) -> set[str]:
    """The tools that a model call could see."""
    return {each["name"] for each in upstream.requests[call].body.get("tools", ())}


async def test_triage_asks_a_specialist_and_keeps_the_conversation(
    settings: Settings, upstream: FakeOpenAI
) -> None:
    upstream.script(tool_call("ask_legal", QUESTION), text("You may."), text("Yes, you may."))
    async with ann_at(settings) as ann:
        events = await ann.events("May I return it?")
        result = events[-1].result  # type: ignore[union-attr]  # the last event holds the result

    assert (result.answer, result.agent, result.rung) == ("Yes, you may.", "triage", "triage")
    assert [event.kind for event in events if event.kind != "text.delta"] == [
        "turn.created",
        "tool.called",
        "tool.finished",
        "turn.completed",
    ]
    assert "You may." in str(upstream.requests[2].body["input"])


async def test_the_specialist_sees_nothing_but_the_question(
    settings: Settings, upstream: FakeOpenAI
) -> None:
    upstream.script(tool_call("ask_legal", QUESTION), text("You may."), text("Yes."))
    async with ann_at(settings) as ann:
        await ann.ask("My name is Ann.")

    assert QUESTION["question"] in str(upstream.requests[1].body["input"])
    assert "My name is Ann." not in str(upstream.requests[1].body)


async def test_the_receipt_holds_its_calls_and_tools_by_agent(
    settings: Settings, upstream: FakeOpenAI
) -> None:
    upstream.script(
        tool_call("ask_legal", QUESTION),
        tool_call("statutes", {}),
        text("You may."),
        text("Yes."),
    )
    async with ann_at(settings) as ann:
        receipt = (await ann.ask("May I return it?")).receipt

    assert receipt
    assert [(use.agent, use.calls) for use in receipt.by_model] == [("triage", 2), ("legal", 2)]
    assert [(use.name, use.ok) for use in receipt.tools] == [
        ("legal/statutes", True),
        ("ask_legal", True),
    ]


async def test_what_a_specialist_says_is_checked_before_another_agent_reads_it(
    settings: Settings, upstream: FakeOpenAI
) -> None:
    upstream.script(tool_call("ask_legal", QUESTION), text("The word is heron."), text("No."))
    async with ann_at(settings, Policy(blocked_words=("heron",))) as ann:
        result = await ann.ask("May I return it?")

    assert WITHHELD in str(upstream.requests[2].body["input"])
    assert "heron" not in str(upstream.requests[2].body)
    assert result.guardrail
    assert (result.guardrail.stage, result.guardrail.action) == ("tool", "block")


async def test_one_that_is_asked_neither_asks_others_nor_releases(
    settings: Settings, upstream: FakeOpenAI
) -> None:
    upstream.script(tool_call("ask_sales", QUESTION), text("Buy."), text("Buy."))
    async with ann_at(settings) as ann:
        await ann.ask("Shall I?")

    assert {"ask_legal", "ask_sales"} <= offered(upstream, 0)
    assert offered(upstream, 1) == set()


async def test_a_specialist_that_holds_the_session_asks_another_but_not_itself(
    settings: Settings, upstream: FakeOpenAI
) -> None:
    upstream.script(tool_call("transfer_to_legal", {}), text("Gladly."))
    async with ann_at(settings) as ann:
        await ann.ask("A contract.")

    assert "ask_sales" in offered(upstream, 1)
    assert "ask_legal" not in offered(upstream, 1)


async def test_its_calls_are_paid_from_the_purse_of_the_turn(
    settings: Settings, upstream: FakeOpenAI
) -> None:
    upstream.script(tool_call("ask_legal", QUESTION), text("You may."), text("Yes."))
    purse = Purse()
    async with ann_at(settings) as ann:
        await heard(ann.desk.crew, a_turn("May I return it?"), spend=purse)

    assert purse.settled == ["triage", "legal", "triage"]


async def test_rules_of_access_hold_for_it(settings: Settings, upstream: FakeOpenAI) -> None:
    upstream.script(text("Hi."))
    async with ann_at(settings.model_copy(update={"tools_deny": ("triage/ask_*",)})) as ann:
        await ann.ask("Hello")

    assert not offered(upstream, 0) & {"ask_legal", "ask_sales"}


async def test_one_that_fails_is_a_tool_that_failed(
    settings: Settings, upstream: FakeOpenAI
) -> None:
    upstream.script(tool_call("ask_legal", QUESTION), status(401), text("I do not know."))
    async with ann_at(settings) as ann:
        result = await ann.ask("May I return it?")

    assert (result.status, result.answer) == ("completed", "I do not know.")
    assert result.receipt
    assert [(use.name, use.ok) for use in result.receipt.tools] == [("ask_legal", False)]


@pytest.mark.parametrize("name", ["ask_legal", "Ask-Legal"])
async def test_a_tool_of_that_name_leaves_it_a_specialist_only(tmp_path: Any, name: str) -> None:
    @tool(name=name)
    async def other() -> str:
        """Another tool."""
        return ""

    parts = {"one": Parts(tools=(other,)), "two": Parts(specialists=(LEGAL,))}
    loaded = await load(tmp_path, **{each: bringing(brought) for each, brought in parts.items()})

    assert [each.as_tool for each in loaded.parts.specialists] == [False]
    assert "its tool ask_legal is left out: one of that name is from one" in loaded.problems[0]


def test_what_is_done_aside_comes_back_without_its_words() -> None:
    ledger = Ledger(agent="triage", calls=[ModelCall("triage", "m", 1, 0, 1, 0)])
    with ledger.aside("legal") as own:
        own.calls.append(ModelCall("legal", "m", 2, 0, 1, 0))
        own.tools.append(ToolUse("statutes", 1.0, True))
        own.items.append({"role": "assistant", "content": "You may."})
        own.released = own.tainted = True

    assert [call.agent for call in ledger.calls] == ["triage", "legal"]
    assert [use.name for use in ledger.tools] == ["legal/statutes"]
    assert (ledger.agent, ledger.items, ledger.released) == ("triage", [], False)
    assert ledger.tainted
