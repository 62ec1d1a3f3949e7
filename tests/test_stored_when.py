"""What a session holds after each way in which a turn can end, and that the next turn is fit for a
model. A process that is killed in a tool stands in `test_fleet.py`.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from typing import Any

import pytest
import pytest_asyncio

from frontdesk.assembly import open_desk
from frontdesk.config import Settings
from frontdesk.contract.approvals import Decision
from frontdesk.contract.events import TextDelta, ToolCalled, TurnWaiting
from frontdesk.contract.guardrails import Policy
from frontdesk.contract.parts import Parts, Plugin, PluginPlace
from frontdesk.contract.tools import tool
from frontdesk.desk import Desk
from frontdesk.testing import FakeOpenAI, Visitor, status, text, tool_call

REFUSED = "heron-7731"
CALL, OUT = "function_call", "function_call_output"
INTERRUPTED = "[interrupted]"
HUNG: list[bool] = []
"""Filled by the tool `hang` when it is called."""


@tool
async def look() -> str:
    """Looks something up."""
    return "it is blue"


@tool
async def crash() -> str:
    """Breaks."""
    raise RuntimeError("a bug")


@tool(side_effect=True, needs_approval=True)
async def ask() -> str:
    """Needs a person."""
    return "done"


@tool(side_effect=True, timeout_s=60)
async def hang() -> str:
    """Never comes back."""
    HUNG.append(True)
    await asyncio.Event().wait()
    return ""


def plugin() -> Plugin:
    @asynccontextmanager
    async def parts(place: PluginPlace) -> AsyncIterator[Parts]:
        yield Parts(tools=(look, crash, hang, ask))

    return parts


@pytest_asyncio.fixture
async def desk(settings: Settings) -> AsyncIterator[Desk]:
    few = settings.model_copy(update={"max_model_calls": 2})
    rule = Policy((REFUSED,), actions={"blocklist": "block"}, default="allow")
    async with open_desk(few, plugins={"plugin": plugin()}, policy=rule) as opened:
        yield opened


def brief(items: Any) -> list[str]:
    """Each item as its kind, or as what it says."""
    return [item.get("type") if "call_id" in item else item["content"] for item in items]


async def stored(ann: Visitor, upstream: FakeOpenAI) -> list[str]:
    """What the session holds of its one turn; the next turn must be answered and shown just that
    and nothing that was refused.
    """
    (record,) = await ann.records()
    upstream.reset()
    following = await ann.ask("And now?")
    assert following.status == "completed"
    (request,) = upstream.requests
    assert REFUSED not in str(request.body)
    said = brief(request.body["input"])
    assert said == [*brief(record.items), "And now?"]
    calls = [item["call_id"] for item in request.body["input"] if item.get("type") == CALL]
    outputs = [item["call_id"] for item in request.body["input"] if item.get("type") == OUT]
    assert calls == outputs
    return brief(record.items)


async def reach(ann: Visitor, turn: str, kind: type) -> None:
    """Reads a turn up to its first event of this kind."""
    async with aclosing(ann.desk.sessions.events(ann.owner, turn)) as events:
        async for _, event in events:
            if isinstance(event, kind):
                return
    raise AssertionError("it has ended")


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - what is waited for is in another task
            await asyncio.sleep(0.005)


@pytest.fixture(params=[True, False], ids=["streamed", "whole"])
def stream(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


async def test_after_an_answer_all_of_the_turn(
    ann: Visitor, upstream: FakeOpenAI, stream: bool
) -> None:
    upstream.script(tool_call("look"), text("It is blue."))
    assert (await ann.ask("Which colour?", stream=stream)).status == "completed"
    assert await stored(ann, upstream) == ["Which colour?", CALL, OUT, "It is blue."]


async def test_after_a_message_was_stopped_nothing_of_it(
    ann: Visitor, upstream: FakeOpenAI, stream: bool
) -> None:
    assert (await ann.ask(f"What is {REFUSED}?", stream=stream)).status == "blocked"
    assert upstream.calls == 0
    assert REFUSED not in str(await ann.records())
    assert await stored(ann, upstream) == []


async def test_after_an_answer_was_stopped_a_marker_in_its_place(
    ann: Visitor, upstream: FakeOpenAI, stream: bool
) -> None:
    upstream.script(tool_call("look"), text(f"It is {REFUSED}, and that is all."))
    assert (await ann.ask("Which colour?", stream=stream)).status == "blocked"
    assert await stored(ann, upstream) == ["Which colour?", CALL, OUT, "[reply withheld]"]


async def test_after_an_error_of_the_first_call_the_message_and_a_marker(
    ann: Visitor, upstream: FakeOpenAI, stream: bool
) -> None:
    upstream.script(status(400))
    assert (await ann.ask("Which colour?", stream=stream)).status == "failed"
    assert await stored(ann, upstream) == ["Which colour?", INTERRUPTED]


async def test_after_an_error_behind_a_tool_the_tools_call_and_result_too(
    ann: Visitor, upstream: FakeOpenAI, stream: bool
) -> None:
    upstream.script(tool_call("look"), status(400))
    assert (await ann.ask("Which colour?", stream=stream)).status == "failed"
    assert await stored(ann, upstream) == ["Which colour?", CALL, OUT, INTERRUPTED]


async def test_after_too_many_calls_all_pairs_and_a_marker(
    ann: Visitor, upstream: FakeOpenAI, stream: bool
) -> None:
    upstream.script(tool_call("look"), tool_call("look"), text("Never said."))
    result = await ann.ask("Which colour?", stream=stream)
    assert result.error
    assert result.error.code == "turn_limit"
    assert await stored(ann, upstream) == ["Which colour?", *[CALL, OUT] * 2, INTERRUPTED]


async def test_after_a_cancel_in_an_effect_its_unknown_outcome(
    ann: Visitor, upstream: FakeOpenAI, stream: bool
) -> None:
    HUNG.clear()
    upstream.script(tool_call("look"), tool_call("hang"))
    turn = await ann.send("Which colour?", stream=stream)
    await reach(ann, turn, ToolCalled)
    await until(lambda: HUNG)
    await ann.desk.sessions.cancel(ann.owner, turn)
    assert (await ann.read(turn))[-1].kind == "turn.cancelled"
    assert await stored(ann, upstream) == ["Which colour?", *[CALL, OUT] * 2, INTERRUPTED]
    assert "not known" in (await ann.records())[0].items[4]["output"]


async def test_after_a_cancel_in_the_answer_a_marker_and_none_of_its_text(
    ann: Visitor, upstream: FakeOpenAI
) -> None:
    upstream.script(tool_call("look"))
    turn = await ann.send("Which colour? [slow:0.02] [long:300]", stream=True)
    await reach(ann, turn, TextDelta)
    await ann.desk.sessions.cancel(ann.owner, turn)
    last = (await ann.read(turn))[-1]
    assert last.kind == "turn.cancelled"
    items = await stored(ann, upstream)
    assert items == ["Which colour? [slow:0.02] [long:300]", CALL, OUT, INTERRUPTED]
    assert (await ann.records())[0].answer.startswith("wo")


async def test_after_a_cancel_behind_the_model_call_its_whole_pair(
    ann: Visitor, upstream: FakeOpenAI
) -> None:
    upstream.script(tool_call("look"), text("Never said."))
    turn = await ann.send("Which colour?")
    await ann.desk.sessions.cancel(ann.owner, turn, "after_model_call")
    assert (await ann.read(turn))[-1].kind == "turn.cancelled"
    kept = await stored(ann, upstream)
    assert kept in (["Which colour?", CALL, OUT, INTERRUPTED], ["Which colour?", INTERRUPTED])


async def test_after_a_crash_in_a_tool_what_the_model_was_told(
    ann: Visitor, upstream: FakeOpenAI, stream: bool
) -> None:
    upstream.script(tool_call("crash"), text("It broke."))
    assert (await ann.ask("Which colour?", stream=stream)).status == "completed"
    assert await stored(ann, upstream) == ["Which colour?", CALL, OUT, "It broke."]
    record = (await ann.records())[0]
    assert "a bug" not in str(record.items)


async def test_after_its_reader_left_all_of_the_turn(ann: Visitor, upstream: FakeOpenAI) -> None:
    upstream.script(tool_call("look"))
    turn = await ann.send("Which colour? [slow:0.01] [long:20]", stream=True)
    await reach(ann, turn, TextDelta)  # and reads no further
    await until(lambda: not upstream.active)
    assert (await ann.read(turn))[-1].kind == "turn.completed"
    items = await stored(ann, upstream)
    assert items[1:3] == [CALL, OUT]
    assert items[-1].endswith("word20")


async def test_while_an_approval_is_pending_nothing_and_after_it_all_of_the_turn_behind_the_other(
    ann: Visitor, upstream: FakeOpenAI, stream: bool
) -> None:
    upstream.script(tool_call("ask"))
    turn = await ann.send("Money back?", stream=stream)
    await reach(ann, turn, TurnWaiting)
    waiting = await ann.desk.sessions.result(ann.owner, turn)
    assert await ann.records() == []
    upstream.reset()
    await ann.ask("And now?")
    assert brief(upstream.requests[0].body["input"]) == ["And now?"]
    upstream.script(text("It is done."))
    (action,) = waiting.required_actions
    await ann.desk.decide(ann.owner, turn, Decision(action["approval_id"], True))
    assert (await ann.read(turn))[-1].kind == "turn.completed"
    first, second = await ann.records()
    assert first.user == "And now?"
    assert brief(second.items) == ["Money back?", CALL, OUT, "It is done."]


async def test_after_two_messages_at_once_one_whole_turn_after_the_other(
    ann: Visitor, upstream: FakeOpenAI
) -> None:
    await ann.ask("Hello there")
    upstream.script(tool_call("look"), text("It is blue."), tool_call("look"), text("Still blue."))
    turns = await asyncio.gather(ann.send("Which colour?"), ann.send("And today?"))
    await asyncio.gather(*(ann.read(turn) for turn in turns))
    first, second = (await ann.records())[1:]
    assert {first.user, second.user} == {"Which colour?", "And today?"}
    assert brief(first.items) == [first.user, CALL, OUT, "It is blue."]
    assert brief(second.items) == [second.user, CALL, OUT, "Still blue."]
    shown = brief(upstream.requests[-1].body["input"])
    assert shown[2:7] == [*brief(first.items), second.user]
