"""Long tool results: kept beside the history, read on by a handle, by nobody else."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio
from redis.asyncio import Redis

from frontdesk.assembly import open_desk
from frontdesk.config import Settings
from frontdesk.contract.context import TurnContext
from frontdesk.contract.messages import Caller, Message
from frontdesk.contract.parts import Parts, PluginPlace, Specialist
from frontdesk.contract.tools import tool
from frontdesk.contract.turns import TurnRecord
from frontdesk.demo import policy
from frontdesk.desk import Desk
from frontdesk.sessions.results import GONE, Results
from frontdesk.testing import FakeOpenAI, Visitor
from frontdesk.tools.fence import data_in

WORDS = [f"word{number:05d}한" for number in range(2000)]
REPORT = " ".join(WORDS)


@tool
async def report() -> str:
    """A long report."""
    return REPORT


@asynccontextmanager
async def reporting(_place: PluginPlace) -> AsyncIterator[Parts]:
    desk = Specialist("triage", "Answers.", "Answer.", tools=("report",), tier="cheap")
    yield Parts(tools=(report,), triage=desk)


@pytest_asyncio.fixture
async def desk(settings: Settings) -> AsyncIterator[Desk]:
    plugins = {"reporting": reporting}
    async with open_desk(settings, plugins=plugins, policy=policy()) as opened:
        yield opened


@pytest.fixture
def results(desk: Desk, redis: Redis, settings: Settings) -> Results:
    return Results(redis, b"a secret for tests", settings)


def output_of(record: TurnRecord) -> str:
    (output,) = [str(item["output"]) for item in record.items if "output" in item]
    return data_in(output)


def handle_in(text: str) -> tuple[str, int]:
    found = re.search(r'handle="([^"]+)", offset=(\d+)\)\]$', text)
    assert found, text[-200:]
    return found[1], int(found[2])


def at(visitor: Visitor, session_id: str = "") -> TurnContext:
    message = Message("turn_later", visitor.caller, "Go on", session_id or visitor.session_id)
    return TurnContext(message, "Go on", message.session_id)


async def reported(visitor: Visitor) -> str:
    """What the model got of the report."""
    await visitor.ask("Show it [tool:report {}]")
    return output_of((await visitor.records())[-1])


async def test_a_long_result_is_a_preview_for_the_model(ann: Visitor, upstream: FakeOpenAI) -> None:
    output = await reported(ann)
    assert len(output.encode()) < 2048
    assert output.startswith("word00000한 word00001한")
    assert "word01999" not in str(upstream.requests[-1].body)


async def test_the_rest_is_read_piece_by_piece_and_nothing_is_lost(
    ann: Visitor, results: Results
) -> None:
    output = await reported(ann)
    read, (handle, offset) = output.rpartition("\n[…")[0], handle_in(output)
    while not (piece := await results.read(at(ann), handle, offset)).endswith(
        "[End of the result.]"
    ):
        assert len(piece.encode()) < 16_384
        read, (handle, offset) = read + piece.rpartition("\n[…")[0], handle_in(piece)
    assert read + piece.rpartition("\n[End")[0] == REPORT


async def test_an_agent_with_tools_of_its_own_may_read_on(
    ann: Visitor, upstream: FakeOpenAI
) -> None:
    handle, offset = handle_in(await reported(ann))
    await ann.ask(f'More [tool:read_result {{"handle": "{handle}", "offset": {offset}}}]')
    assert "word00300" in output_of((await ann.records())[-1])
    names = [offered["name"] for offered in upstream.requests[-1].body["tools"]]
    assert "read_result" in names


async def test_another_user_cannot_read_it(ann: Visitor, bob: Visitor, results: Results) -> None:
    handle, _ = handle_in(await reported(ann))
    assert await results.read(at(bob, ann.session_id), handle, 0) == GONE


async def test_another_session_of_the_same_user_cannot_read_it(
    ann: Visitor, results: Results
) -> None:
    handle, _ = handle_in(await reported(ann))
    assert await results.read(at(ann, "sess_other"), handle, 0) == GONE


@pytest.mark.parametrize("handle", ["", "x", "turn_none.r1", "..", "{other}:t:turn_1.r1"])
async def test_a_made_up_handle_finds_nothing(ann: Visitor, results: Results, handle: str) -> None:
    await ann.ask("Good morning to you all")
    assert await results.read(at(ann), handle, 0) == GONE


async def test_an_output_that_shrank_in_the_history_is_read_from_the_list(
    ann: Visitor, results: Results
) -> None:
    await reported(ann)
    (record,) = await ann.records()
    call_id = next(str(item["call_id"]) for item in record.items if "output" in item)
    read = await results.read(at(ann), f"{record.id}.{call_id}", 0)
    assert data_in(read.removesuffix("\n[End of the result.]")) == output_of(record)


async def test_a_forgotten_session_leaves_no_result(ann: Visitor, desk: Desk, redis: Redis) -> None:
    await reported(ann)
    assert [key async for key in redis.scan_iter(match="*:results")]
    await desk.sessions.forget(ann.owner, ann.session_id)
    assert not [key async for key in redis.scan_iter(match="*:results")]


async def test_a_forgotten_turn_keeps_no_result_that_comes_late(
    redis: Redis, settings: Settings
) -> None:
    results = Results(redis, b"a secret for tests", settings)
    context = TurnContext(Message("turn_gone", Caller("local", "ann"), ""), "", "sess_gone")
    assert "read_result" in await results.fit(REPORT, context)
    assert not [key async for key in redis.scan_iter(match="*:results")]
