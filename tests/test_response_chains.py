"""Responses that go on from others, with the client's own functions in several rounds."""

import asyncio
import json
from typing import Any

import openai
import pytest
from openai import AsyncOpenAI
from tests.response_callers import SEOUL, WEATHER, ask, calls_of, outputs, streamed

from frontdesk.testing import FakeOpenAI, slow, text, together, tool_call


@pytest.fixture
def ann(protocol_clients: tuple[AsyncOpenAI, AsyncOpenAI]) -> AsyncOpenAI:
    return protocol_clients[0]


async def test_a_response_goes_on_from_another(ann: AsyncOpenAI, upstream: FakeOpenAI) -> None:
    first = await ask(ann, "I am Ann.", instructions="Be a pirate.")
    second = await ask(ann, "And you?", previous_response_id=first.id)
    await ask(ann, "Well?", previous_response_id=second.id)
    shown = str(upstream.requests[-1].body["input"])
    said = ["I am Ann.", "You said: I am Ann.", "And you?", "You said: And you?", "Well?"]
    places = [shown.find(each) for each in said]
    assert places == sorted(places)
    assert min(places) >= 0
    assert "pirate" not in shown


async def test_chains_fork(ann: AsyncOpenAI, upstream: FakeOpenAI) -> None:
    root = await ask(ann, "The root.")
    await asyncio.gather(
        ask(ann, "To the left.", previous_response_id=root.id),
        ask(ann, "To the right.", previous_response_id=root.id),
    )
    left, right = sorted(str(request.body["input"]) for request in upstream.requests[-2:])
    assert ("The root." in left, "The root." in right) == (True, True)
    assert ("right" in left, "left" in right) == (False, False)


async def test_a_deleted_response_is_gone_but_not_from_those_after_it(
    ann: AsyncOpenAI, upstream: FakeOpenAI
) -> None:
    first = await ask(ann, "I am Ann.")
    second = await ask(ann, "And you?", previous_response_id=first.id)
    await ann.responses.delete(first.id)
    for gone in (ann.responses.delete, ann.responses.retrieve):
        with pytest.raises(openai.NotFoundError, match=f"'{first.id}' not found"):
            await gone(first.id)
    await ask(ann, "Well?", previous_response_id=second.id)
    assert "I am Ann." in str(upstream.requests[-1].body["input"])


async def test_what_was_not_stored_is_no_predecessor(ann: AsyncOpenAI) -> None:
    first = await ask(ann, "Hello", store=False)
    with pytest.raises(openai.NotFoundError):
        await ann.responses.retrieve(first.id)
    with pytest.raises(openai.BadRequestError) as refused:
        await ask(ann, "And?", previous_response_id=first.id)
    assert refused.value.code == "previous_response_not_found"
    assert refused.value.param == "previous_response_id"


async def test_a_response_that_runs_is_no_predecessor_yet(
    ann: AsyncOpenAI, upstream: FakeOpenAI
) -> None:
    upstream.script(slow(0.2, "word " * 100))
    begun = await ask(ann, "Tell me", background=True)
    with pytest.raises(openai.BadRequestError, match="has not ended yet"):
        await ask(ann, "And?", previous_response_id=begun.id)
    await ann.responses.cancel(begun.id)


async def test_the_clients_tools_are_called_in_several_rounds(
    ann: AsyncOpenAI, upstream: FakeOpenAI
) -> None:
    upstream.script(SEOUL, tool_call("weather", {"city": "Busan"}), text("Sunny in both."))
    first = await ask(ann, "The weather?", tools=[WEATHER])
    assert [json.loads(call.arguments) for call in calls_of(first)] == [{"city": "Seoul"}]
    known = {"tools": [WEATHER]}
    second = await ask(ann, outputs(first, "sun"), previous_response_id=first.id, **known)
    third = await ask(ann, outputs(second, "sun"), previous_response_id=second.id, **known)
    assert (third.status, third.output_text) == ("completed", "Sunny in both.")


async def test_calls_side_by_side_are_streamed_one_after_the_other(
    ann: AsyncOpenAI, upstream: FakeOpenAI
) -> None:
    upstream.script(together(SEOUL, tool_call("weather", {"city": "Busan"})))
    events = await streamed(ann, "The weather?", tools=[WEATHER])
    done = [e for e in events if e.type == "response.function_call_arguments.done"]
    told = [(event.output_index, json.loads(event.arguments)["city"]) for event in done]
    assert told == [(0, "Seoul"), (1, "Busan")]


async def test_the_desks_own_tools_stay_invisible(ann: AsyncOpenAI, upstream: FakeOpenAI) -> None:
    upstream.script(tool_call("look"), text("It is blue."))
    response = await ask(ann, "Which colour?", tools=[WEATHER])
    assert [item.type for item in response.output] == ["message"]


async def test_a_tool_with_the_name_of_one_of_the_desks_is_refused(ann: AsyncOpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="look"):
        await ask(ann, "Hi", tools=[{**WEATHER, "name": "look"}])


async def test_calls_need_their_outputs(ann: AsyncOpenAI, upstream: FakeOpenAI) -> None:
    upstream.script(SEOUL)
    first = await ask(ann, "The weather?", tools=[WEATHER])
    (call,) = calls_of(first)
    with pytest.raises(openai.BadRequestError, match=f"function call {call.call_id}"):
        await ask(ann, "Never mind", previous_response_id=first.id)
    with pytest.raises(openai.BadRequestError, match="No tool call found"):
        await ask(ann, outputs(first, "sun"))


async def test_input_items_are_the_responses_own(ann: AsyncOpenAI) -> None:
    first = await ask(ann, "Hello")
    given: Any = [{"role": "user", "content": f"Message {n}"} for n in range(3)]
    second = await ask(ann, given, previous_response_id=first.id)
    found = [item async for item in ann.responses.input_items.list(second.id, limit=2)]
    shown: Any = [item.content for item in found if item.type == "message"]
    assert [content[0].text for content in shown] == ["Message 2", "Message 1", "Message 0"]


async def test_an_earlier_item_can_be_referred_to(ann: AsyncOpenAI, upstream: FakeOpenAI) -> None:
    first = await ask(ann, "Remember the heron.")
    item: Any = {"type": "item_reference", "id": first.output[0].id}
    await ask(ann, [item, {"role": "user", "content": "What was it?"}])
    assert "You said: Remember the heron." in str(upstream.requests[-1].body["input"])
