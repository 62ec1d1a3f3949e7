"""Turns in the background keep their rounds, so that whoever takes them over goes on from there."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial

import httpx2
import pytest
import pytest_asyncio
from redis.asyncio import Redis

from frontdesk.assembly import open_desk
from frontdesk.config import Settings
from frontdesk.contract.events import Event, TextDelta, TurnEnded, TurnRestarted
from frontdesk.contract.keys import LEASES, OwnerKeys
from frontdesk.contract.parts import Parts, PluginPlace
from frontdesk.contract.tools import tool
from frontdesk.contract.turns import TurnResult
from frontdesk.desk import Desk
from frontdesk.sessions.scripts import member
from frontdesk.testing import FakeOpenAI, Visitor, slow, text, together, tool_call


class Bank:
    """A plugin whose tool waits where the test wants it to."""

    def __init__(self) -> None:
        self.paid: list[int] = []
        self.open = asyncio.Event()
        self.open.set()

    @asynccontextmanager
    async def plugin(self, _place: PluginPlace) -> AsyncIterator[Parts]:
        @tool(side_effect=True)
        async def pay(amount: int) -> str:
            """Pays."""
            self.paid.append(amount)
            await self.open.wait()
            return f"paid {amount}"

        yield Parts(tools=(pay,))


@pytest.fixture
def bank() -> Bank:
    return Bank()


@pytest_asyncio.fixture
async def desk(settings: Settings, bank: Bank) -> AsyncIterator[Desk]:
    async with open_desk(settings, plugins={"bank": bank.plugin}) as opened:
        yield opened


async def test_a_turn_in_the_background_answers_as_any_other(
    ann: Visitor, bank: Bank, upstream: FakeOpenAI
) -> None:
    upstream.script(
        together(text("I pay."), tool_call("pay", {"amount": 5})),
        tool_call("pay", {"amount": 7}),
        text("Paid."),
    )
    result = await ann.ask("Pay", background=True)
    assert (result.status, result.answer, bank.paid) == ("completed", "Paid.", [5, 7])
    assert upstream.calls == 3


async def lose(desk: Desk, redis: Redis, ann: Visitor) -> None:
    """The driver of the session stops as if its process had died; another may take over."""
    assert ann.session_id
    entry = member(ann.owner, ann.session_id)
    drive = desk.sessions.drivers._drives[entry]
    assert drive.task
    drive.task.cancel()
    await asyncio.wait([drive.task])
    await redis.delete(OwnerKeys(ann.owner).session(ann.session_id, "lease"))
    await redis.zadd(LEASES, {entry: 0})


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - nothing tells when a script is used up
            await asyncio.sleep(0.005)


def result_of(events: Sequence[Event]) -> TurnResult:
    last = events[-1]
    assert isinstance(last, TurnEnded)
    return last.result


def heard(events: Sequence[Event]) -> list[str]:
    """The messages as a reader has them in the end."""
    messages: dict[int, str] = {}
    for event in events:
        if isinstance(event, TurnRestarted):
            messages = {n: said for n, said in messages.items() if n < event.message}
        elif isinstance(event, TextDelta):
            messages[event.message] = messages.get(event.message, "") + event.text
    return list(messages.values())


async def test_what_was_told_in_a_round_that_did_not_end_is_taken_back_and_told_again(
    desk: Desk, redis: Redis, ann: Visitor, bank: Bank, upstream: FakeOpenAI
) -> None:
    bank.open.clear()
    upstream.script(together(text("I pay."), tool_call("pay", {"amount": 5})), text("Paid."))
    turn = await ann.send("Pay", background=True)
    await until(lambda: bank.paid)
    await desk.sessions._beside.settle(5)  # what it said is in the log
    await lose(desk, redis, ann)
    events = await ann.read(turn)
    assert [each.message for each in events if isinstance(each, TurnRestarted)] == [0]
    assert heard(events) == ["I pay.", "Paid."]
    assert (result_of(events).status, bank.paid, upstream.calls) == ("completed", [5], 2)


async def test_the_outcome_of_a_tool_that_was_cut_off_is_told_as_unknown(
    desk: Desk, redis: Redis, ann: Visitor, bank: Bank, upstream: FakeOpenAI
) -> None:
    bank.open.clear()
    upstream.script(tool_call("pay", {"amount": 5}), text("I do not know."))
    turn = await ann.send("Pay", background=True)
    await until(lambda: bank.paid)
    await lose(desk, redis, ann)
    result = result_of(await ann.read(turn))
    assert result.receipt
    assert [use.unknown for use in result.receipt.tools] == [True]
    (record,) = await ann.records()
    assert [each["type"] for each in record.items if "call_id" in each] == [
        "function_call",
        "function_call_output",
    ]
    assert "not known" in str(upstream.requests[-1].body)


async def test_a_round_that_has_ended_is_not_run_again(
    desk: Desk, redis: Redis, ann: Visitor, bank: Bank, upstream: FakeOpenAI
) -> None:
    upstream.script(
        together(text("I pay."), tool_call("pay", {"amount": 5})), slow(30), text("Paid.")
    )
    turn = await ann.send("Pay", background=True)
    await until(lambda: upstream.calls == 2)
    await lose(desk, redis, ann)
    events = await ann.read(turn)
    assert heard(events) == ["I pay.", "Paid."]
    assert not [each for each in events if isinstance(each, TurnRestarted)]
    receipt = result_of(events).receipt
    assert receipt
    assert [use.name for use in receipt.tools] == ["pay"]
    assert (bank.paid, upstream.calls, receipt.model_calls) == ([5], 3, 2)


async def test_a_turn_that_ended_leaves_no_rounds(
    redis: Redis, ann: Visitor, bank: Bank, upstream: FakeOpenAI
) -> None:
    upstream.script(tool_call("pay", {"amount": 5}), text("Paid."))
    result = await ann.ask("Pay", background=True)
    assert not await redis.exists(OwnerKeys(ann.owner).rounds(result.turn_id))


async def test_a_turn_that_kills_each_process_is_given_up(
    desk: Desk, redis: Redis, ann: Visitor, bank: Bank, upstream: FakeOpenAI
) -> None:
    bank.open.clear()
    upstream.script(tool_call("pay", {"amount": 5}), slow(30), slow(30), slow(30))
    turn = await ann.send("Pay", background=True)
    await until(lambda: bank.paid)
    await lose(desk, redis, ann)
    for calls in (2, 3, 4):
        await until(partial(lambda calls: upstream.calls == calls, calls))
        await lose(desk, redis, ann)
    result = result_of(await ann.read(turn))
    assert result.error
    assert result.error.code == "interrupted"


@pytest.mark.parametrize(
    ("fields", "word"),
    [({"background": True}, "FRONTDESK_WEBHOOK_SECRET"), ({"background": False}, "background")],
)
async def test_webhooks_are_for_the_background_and_need_a_secret(
    ann_http: httpx2.AsyncClient, fields: dict[str, bool], word: str
) -> None:
    body = {"message": "Hello", "webhook_url": "https://example.com/", **fields}
    answer = await ann_http.post("/v1/chat", json=body)
    assert answer.status_code == 422
    assert word in answer.json()["detail"]
