"""What handlers do over HTTP: what they answer, what they cost, and what the receipt says of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
from structlog.testing import capture_logs
from tests.app_clients import app_on, client_of
from tests.brought import bringing

from frontdesk.assembly import open_desk
from frontdesk.config import Settings
from frontdesk.contract.context import TurnContext
from frontdesk.contract.handlers import Enrich, Handler, Outcome
from frontdesk.contract.parts import Parts
from frontdesk.contract.tools import First, tool
from frontdesk.testing import FakeOpenAI, Visitor, text


@tool(first=First(r"order (?P<number>\d+)", lambda state: state))
async def order(number: int) -> str:
    """The state of an order."""
    return f"Order {number} is on its way."


async def greet(_context: TurnContext) -> Outcome:
    """Knows who is there."""
    return Enrich("It is Monday.")


SHOP = bringing(Parts(tools=(order,), handlers=(Handler("day", greet, 20),)))


@asynccontextmanager
async def server(settings: Settings, *handlers: Handler) -> AsyncIterator[httpx2.AsyncClient]:
    """The server of a desk with the shop's tool, and a plugin of these handlers."""
    plugins = {"shop": SHOP, "more": bringing(Parts(handlers=handlers))}
    async with (
        open_desk(settings, plugins=plugins) as desk,
        client_of(app_on(desk, settings)) as http,
    ):
        yield http


async def say(http: httpx2.AsyncClient, message: str) -> dict[str, Any]:
    answer = await http.post("/v1/chat", json={"message": message})
    body: dict[str, Any] = answer.json()
    return body


def effects(body: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """What the receipt says that each handler did, and why."""
    return {use["name"]: (use["effect"], use["why"]) for use in body["receipt"]["handlers"]}


async def test_a_tool_first_question_costs_no_model_call_and_the_receipt_says_why(
    settings: Settings, upstream: FakeOpenAI
) -> None:
    async with server(settings) as http:
        body = await say(http, "Where is order 7?")

    assert (body["rung"], body["answer"]) == ("handler", "Order 7 is on its way.")
    assert (body["receipt"]["model_calls"], upstream.calls) == (0, 0)
    assert effects(body) == {
        "commands": ("pass", ""),
        "day": ("enrich", ""),
        "first:clock": ("pass", ""),
        "first:order": ("answer", ""),
    }


async def test_an_ambiguous_question_passes_on_to_the_model_and_the_receipt_says_why(
    settings: Settings, upstream: FakeOpenAI
) -> None:
    upstream.script(text("Which of the two?"))
    async with server(settings) as http:
        body = await say(http, "Where are order 7 and order 8?")

    assert (body["rung"], body["answer"]) == ("triage", "Which of the two?")
    assert body["receipt"]["model_calls"] == 1
    assert effects(body)["first:order"] == ("pass", "ambiguous")


async def test_an_infinite_handler_costs_its_budget_and_the_receipt_names_it(
    settings: Settings, upstream: FakeOpenAI
) -> None:
    async def hang(_context: TurnContext) -> Outcome:
        await asyncio.Event().wait()
        raise AssertionError("it ended")

    with capture_logs() as logs:
        async with server(settings, Handler("endless", hang, 1, timeout_s=0.05)) as http:
            body = await say(http, "Where is order 7?")

    assert body["answer"] == "Order 7 is on its way."
    assert effects(body)["endless"] == ("skipped", "it did not finish within 0.05 s")
    told = [each for each in logs if each["event"] == "handler.failed"]
    assert [(each["handler"], each["plugin"]) for each in told] == [
        ("endless", "more (given to the desk)")
    ]


async def test_the_trace_shows_each_handler(settings: Settings, upstream: FakeOpenAI) -> None:
    async with open_desk(settings, plugins={"shop": SHOP}) as desk:
        ann = Visitor(desk, "ann")
        result = await ann.ask("Where is order 7?")
        trace = await desk.traces.load(ann.owner, result.turn_id)

    spans = [span for span in trace.spans if span.kind == "handler"]
    assert [(span.name, span.data["outcome"]) for span in spans] == [
        ("commands", "pass"),
        ("day", "enrich"),
        ("first:clock", "pass"),
        ("first:order", "answer"),
    ]
    assert trace.receipt is not None
    assert [use.name for use in trace.receipt.handlers] == [span.name for span in spans]
