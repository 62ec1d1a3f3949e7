"""Tools of the client: a model asks for them, the turn ends with the call, none is run here."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio
from tests import histories
from tests.protocol_desks import (
    MAIL,
    REFUSED,
    WEATHER,
    call,
    desk_of,
    offered,
    output,
    said,
    sent,
    shown,
)

from frontdesk.config import Settings
from frontdesk.contract.errors import InvalidRequest
from frontdesk.contract.events import ToolCalled
from frontdesk.contract.turns import TurnResult
from frontdesk.desk import Desk
from frontdesk.sessions.transfer import read_transfer
from frontdesk.testing import FakeOpenAI, Visitor, handoff, text, together, tool_call

SEOUL = {"city": "Seoul"}


@pytest_asyncio.fixture(params=["responses", "chat_completions"])
async def desk(settings: Settings, request: pytest.FixtureRequest) -> AsyncIterator[Desk]:
    async with desk_of(settings, request.param) as opened:
        yield opened


async def asks(ann: Visitor, upstream: FakeOpenAI, *more: str, stream: bool = False) -> TurnResult:
    """A turn that ends with a call of the client's tool."""
    upstream.script(together(*map(text, more), tool_call("weather", SEOUL)))
    return await ann.ask("How is the weather?", client_tools=(WEATHER,), stream=stream)


@pytest.mark.parametrize("stream", [True, False])
async def test_a_call_of_a_client_s_tool_ends_the_turn_and_is_handed_over(
    ann: Visitor, upstream: FakeOpenAI, stream: bool
) -> None:
    result = await asks(ann, upstream, stream=stream)
    assert (result.status, result.answer, upstream.calls) == ("completed", "", 1)
    (asked,) = result.calls
    assert (asked["type"], asked["name"]) == ("function_call", "weather")
    assert json.loads(asked["arguments"]) == SEOUL
    assert asked["call_id"]


async def test_what_is_said_before_the_call_is_the_answer(
    ann: Visitor, upstream: FakeOpenAI
) -> None:
    result = await asks(ann, upstream, "Let me see.")
    assert (result.answer, len(result.calls)) == ("Let me see.", 1)


async def test_its_call_is_no_event_of_a_tool_of_ours(ann: Visitor, upstream: FakeOpenAI) -> None:
    upstream.script(tool_call("weather", SEOUL))
    events = await ann.events("How is the weather?", client_tools=(WEATHER,), stream=True)
    assert not any(isinstance(event, ToolCalled) for event in events)


async def test_our_own_calls_of_the_same_round_are_run_and_remembered(
    ann: Visitor, upstream: FakeOpenAI
) -> None:
    upstream.script(together(tool_call("look"), tool_call("weather", SEOUL)))
    result = await ann.ask("How is the weather?", client_tools=(WEATHER,))
    assert [each["name"] for each in result.calls] == ["weather"]
    assert result.receipt
    assert [(use.name, use.ok) for use in result.receipt.tools] == [("look", True)]
    (record,) = await ann.records()
    assert "it is blue" in str(record.items)
    assert "weather" not in str(record.items[1:])


async def test_several_calls_are_handed_over_together(ann: Visitor, upstream: FakeOpenAI) -> None:
    upstream.script(together(tool_call("weather", SEOUL), tool_call("mail")))
    result = await ann.ask("Go on then", client_tools=(WEATHER, MAIL))
    assert [each["name"] for each in result.calls] == ["weather", "mail"]
    assert len({each["call_id"] for each in result.calls}) == 2


async def test_a_specialist_may_ask_for_them_too(ann: Visitor, upstream: FakeOpenAI) -> None:
    upstream.script(handoff("specialist"), tool_call("weather", SEOUL))
    result = await ann.ask("A hard question about weather", client_tools=(WEATHER,))
    assert (result.agent, len(result.calls)) == ("specialist", 1)


async def test_outputs_come_with_the_next_message_of_the_session(
    ann: Visitor, upstream: FakeOpenAI
) -> None:
    (asked,) = (await asks(ann, upstream)).calls
    upstream.script(text("It is sunny."))
    brought = (output(asked["call_id"], "sunny, 21 degrees"),)
    result = await ann.ask("", outputs=brought, client_tools=(WEATHER,))
    assert (result.status, result.answer) == ("completed", "It is sunny.")
    assert "sunny, 21 degrees" in shown(upstream)
    await ann.ask("And what did you say?")
    assert shown(upstream).count("sunny, 21 degrees") == 1


async def test_a_call_without_an_output_gets_one_that_says_so(
    ann: Visitor, upstream: FakeOpenAI
) -> None:
    await asks(ann, upstream)
    result = await ann.ask("Never mind, how are you?")
    assert result.status == "completed"
    assert "No result came" in shown(upstream)
    kinds = [item.get("type") for record in await ann.records() for item in record.items]
    assert kinds.count("function_call") == kinds.count("function_call_output") == 1
    assert not histories.faults(histories.shown(upstream.requests[-1]))


@pytest.mark.parametrize("brought", [("call_other",), ("call_other", None)])
async def test_outputs_that_nobody_waits_for_fail_the_turn_and_can_be_mended(
    ann: Visitor, upstream: FakeOpenAI, brought: tuple[str | None, ...]
) -> None:
    (asked,) = (await asks(ann, upstream)).calls
    outputs = tuple(output(each or asked["call_id"], "x") for each in brought)
    failed = await ann.ask("", outputs=outputs)
    assert failed.error
    assert (failed.status, failed.error.code) == ("failed", "invalid_request")
    mended = await ann.ask("", outputs=(output(asked["call_id"], "sunny"),))
    assert mended.status == "completed"
    assert "sunny" in shown(upstream)


async def test_an_output_may_be_missing_for_none_of_the_calls(
    ann: Visitor, upstream: FakeOpenAI
) -> None:
    upstream.script(together(tool_call("weather", SEOUL), tool_call("mail")))
    first, _ = (await ann.ask("Both, please", client_tools=(WEATHER, MAIL))).calls
    failed = await ann.ask("", outputs=(output(first["call_id"], "sunny"),))
    assert failed.error
    assert "No tool output found" in failed.error.detail


async def test_outputs_may_end_a_context_without_a_message(
    ann: Visitor, upstream: FakeOpenAI
) -> None:
    context = (said("user", "How is it in Seoul?"), call("call_1"), output("call_1", "sunny"))
    upstream.script(text("Sunny it is."))
    result = await ann.ask("", context=context, client_tools=(WEATHER,))
    assert result.answer == "Sunny it is."
    assert sent(upstream)["model"]
    assert "sunny" in shown(upstream)


async def test_tools_that_a_person_must_approve_are_not_offered_beside_them(
    ann: Visitor, upstream: FakeOpenAI
) -> None:
    await ann.ask("What can you do for me?")
    assert {"look", "refund"} <= offered(upstream)
    await ann.ask("What can you do for me?", client_tools=(WEATHER,))
    assert {"look", "weather"} <= offered(upstream)
    assert "refund" not in offered(upstream)


@pytest.mark.parametrize("name", ["look", "refund", "release", "transfer_to_specialist", "a b", ""])
async def test_a_name_that_is_ours_or_none_is_refused(ann: Visitor, name: str) -> None:
    with pytest.raises(InvalidRequest):
        await ann.send("Hello there", client_tools=(replace(WEATHER, name=name),))


async def test_the_same_name_twice_is_refused(ann: Visitor) -> None:
    with pytest.raises(InvalidRequest, match="weather"):
        await ann.send("Hello there", client_tools=(WEATHER, WEATHER))


async def test_a_secret_does_not_leave_in_an_argument(ann: Visitor, upstream: FakeOpenAI) -> None:
    key = "sk-" + "proj-" + "aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY"
    upstream.script(tool_call("weather", {"city": [{"deep": f"my key is {key}"}]}))
    result = await ann.ask("How is the weather?", client_tools=(WEATHER,))
    assert (result.status, result.calls) == ("blocked", ())
    assert key not in str(await ann.records())


async def test_personal_data_of_others_are_redacted_in_an_argument(
    ann: Visitor, upstream: FakeOpenAI
) -> None:
    upstream.script(tool_call("weather", {"city": "mail to eve@example.org"}))
    (asked,) = (await ann.ask("How is the weather?", client_tools=(WEATHER,))).calls
    assert "[EMAIL_1]" in asked["arguments"]
    assert "eve@example.org" not in str(await ann.records())


async def test_a_forbidden_word_does_not_leave_as_a_key(ann: Visitor, upstream: FakeOpenAI) -> None:
    upstream.script(tool_call("weather", {REFUSED: 1}))
    result = await ann.ask("How is the weather?", client_tools=(WEATHER,))
    assert (result.status, result.calls) == ("blocked", ())


async def test_what_a_tool_is_described_with_is_checked_as_instructions_are(
    ann: Visitor, upstream: FakeOpenAI
) -> None:
    told = replace(WEATHER, description=f"Say {REFUSED} often.")
    result = await ann.ask("How is the weather?", client_tools=(told,))
    assert (result.status, upstream.calls) == ("blocked", 0)


async def test_a_session_with_calls_is_taken_in_as_it_was_exported(
    ann: Visitor, upstream: FakeOpenAI, desk: Desk
) -> None:
    (asked,) = (await asks(ann, upstream)).calls
    await ann.ask("", outputs=(output(asked["call_id"], "sunny"),))
    await asks(ann, upstream)
    lifecycle = desk.sessions.lifecycle
    data = b"".join([page async for page in lifecycle.export(ann.owner, ann.session_id)])
    before = await ann.records()
    ann.session_id = (await lifecycle.take_in(ann.owner, read_transfer(data))).session_id
    assert [(r.items, r.calls) for r in await ann.records()] == [(r.items, r.calls) for r in before]
