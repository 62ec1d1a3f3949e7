"""The Responses API over HTTP, from a real desk, read by the official client."""

import asyncio
from typing import Any

import openai
import pytest
from openai import AsyncOpenAI
from pydantic import BaseModel
from tests.protocol_desks import REFUSED
from tests.response_callers import ask, polled, streamed, until

from frontdesk.testing import FakeOpenAI, slow, status, text


@pytest.fixture
def ann(protocol_clients: tuple[AsyncOpenAI, AsyncOpenAI]) -> AsyncOpenAI:
    return protocol_clients[0]


@pytest.fixture
def bob(protocol_clients: tuple[AsyncOpenAI, AsyncOpenAI]) -> AsyncOpenAI:
    return protocol_clients[1]


async def test_a_response_is_the_answer_of_a_turn(ann: AsyncOpenAI) -> None:
    response = await ask(ann, "Hello there")
    assert (response.status, response.output_text) == ("completed", "You said: Hello there")
    assert response.usage
    assert response.usage.total_tokens > 0


async def test_headers_of_ours_say_which_turn_it_was_and_what_it_cost(ann: AsyncOpenAI) -> None:
    raw = await ann.responses.with_raw_response.create(model="frontdesk", input="Hello there")
    assert raw.headers["x-frontdesk-turn-id"] == f"turn_{raw.parse().id[5:]}"
    assert (raw.headers["x-frontdesk-rung"], raw.headers["x-request-id"][:4]) == ("triage", "req_")
    assert float(raw.headers["x-frontdesk-cost-usd"]) > 0


async def test_it_can_be_retrieved_as_it_was_answered(ann: AsyncOpenAI) -> None:
    response = await ask(ann, "Hello there", metadata={"고객": "안"})
    assert await ann.responses.retrieve(response.id) == response


async def test_a_stream_ends_with_the_response_that_is_retrieved(ann: AsyncOpenAI) -> None:
    events = await streamed(ann, "Hello there")
    assert events[-1].type == "response.completed"
    assert await ann.responses.retrieve(events[-1].response.id) == events[-1].response


async def test_the_streaming_helper_of_the_client_takes_the_events(ann: AsyncOpenAI) -> None:
    async with ann.responses.stream(model="frontdesk", input="Hello there") as stream:
        deltas = [e.delta async for e in stream if e.type == "response.output_text.delta"]
        final = await stream.get_final_response()
    assert "".join(deltas) == final.output_text == "You said: Hello there"


async def test_an_answer_can_be_parsed_into_a_model(ann: AsyncOpenAI, upstream: FakeOpenAI) -> None:
    class City(BaseModel):
        name: str

    upstream.script(text('{"name": "Seoul"}'))
    parsed = await ann.responses.parse(model="frontdesk", input="Capital?", text_format=City)
    assert parsed.output_parsed == City(name="Seoul")
    assert upstream.requests[-1].body["text"]["format"]["name"] == "City"


@pytest.mark.parametrize("after", [0, 4])
async def test_a_replay_has_the_events_that_were_streamed(ann: AsyncOpenAI, after: int) -> None:
    events = await streamed(ann, "One two three four")
    response_id = events[0].response.id
    again = await ann.responses.retrieve(response_id, stream=True, starting_after=after)
    assert [event async for event in again] == events[after + 1 :]


async def test_a_reader_follows_a_response_that_still_runs(
    ann: AsyncOpenAI, upstream: FakeOpenAI
) -> None:
    upstream.script(slow(0.05, "Slowly but surely it comes."))
    begun = await ask(ann, "Tell me", background=True)
    live = await ann.responses.retrieve(begun.id, stream=True)
    events = [event async for event in live]
    replayed = await ann.responses.retrieve(begun.id, stream=True)
    assert [event async for event in replayed] == events
    assert [event.sequence_number for event in events] == list(range(len(events)))


async def test_a_response_in_the_background_is_polled(ann: AsyncOpenAI) -> None:
    begun = await ask(ann, "Hello there", background=True)
    assert begun.status in ("queued", "in_progress", "completed")
    found = await polled(ann, begun.id)
    assert (found.background, found.output_text) == (True, "You said: Hello there")


async def test_a_response_in_the_background_can_be_cancelled_twice(
    ann: AsyncOpenAI, upstream: FakeOpenAI
) -> None:
    upstream.script(slow(0.2, "word " * 100))
    begun = await ask(ann, "Tell me", background=True)
    await until(lambda: upstream.requests)
    statuses = [(await ann.responses.cancel(begun.id)).status for _ in range(2)]
    assert statuses == ["cancelled", "cancelled"]


async def test_what_cannot_be_cancelled_says_why(ann: AsyncOpenAI) -> None:
    foreground = await ask(ann, "Hello")
    with pytest.raises(openai.BadRequestError, match="Cannot cancel a synchronous response"):
        await ann.responses.cancel(foreground.id)
    begun = await polled(ann, (await ask(ann, "Hello", background=True)).id)
    with pytest.raises(openai.BadRequestError, match="Cannot cancel a completed response"):
        await ann.responses.cancel(begun.id)


@pytest.mark.parametrize("stream", [False, True])
async def test_who_leaves_ends_a_foreground_response(
    ann: AsyncOpenAI, upstream: FakeOpenAI, stream: bool
) -> None:
    upstream.script(slow(0.1, "word " * 200))
    asking = asyncio.create_task(streamed(ann, "Go") if stream else ask(ann, "Go"))
    await until(lambda: upstream.requests)
    await until(lambda: upstream.active)
    asking.cancel()
    await until(lambda: not upstream.active)


async def test_instructions_and_wishes_reach_the_models(
    ann: AsyncOpenAI, upstream: FakeOpenAI
) -> None:
    system: Any = {"role": "system", "content": "Speak as a sailor."}
    given = [system, {"role": "user", "content": "Hello"}]
    await ask(ann, given, instructions="Be a pirate.", temperature=0.3, max_output_tokens=77)
    body = upstream.requests[-1].body
    assert "Speak as a sailor.\\n\\nBe a pirate." in str(body["input"])
    assert (body["temperature"], body["max_output_tokens"]) == (0.3, 77)


async def test_a_refused_message_is_a_polite_completed_response_that_nothing_keeps(
    ann: AsyncOpenAI, upstream: FakeOpenAI
) -> None:
    first = await ask(ann, f"Tell me of {REFUSED}", instructions=f"Love {REFUSED}")
    assert (first.status, bool(first.output_text)) == ("completed", True)
    assert REFUSED not in first.output_text
    assert not [item async for item in ann.responses.input_items.list(first.id)]
    await ask(ann, "And now?", previous_response_id=first.id)
    assert REFUSED not in str(upstream.requests[-1].body)


async def test_what_is_redacted_is_kept_redacted(ann: AsyncOpenAI) -> None:
    address = "@".join(("eve", "example.org"))
    given: Any = [
        {"role": "user", "content": f"Old: {address}"},
        {"role": "assistant", "content": "Noted."},
        {"role": "user", "content": f"New: {address}"},
    ]
    response = await ask(ann, given)
    page = await ann.responses.input_items.list(response.id)
    assert address not in page.model_dump_json()
    assert len(page.data) == 3


async def test_a_failed_turn_is_a_failed_response(ann: AsyncOpenAI, upstream: FakeOpenAI) -> None:
    upstream.script(*[status(500)] * 8)
    response = await ask(ann, "Hello")
    assert (response.status, response.output) == ("failed", [])
    assert response.error
    assert response.error.code == "server_error"
    events = await streamed(ann, "Hello [500]")
    assert events[-1].type == "response.failed"


async def test_foreign_ids_are_missing_ids(ann: AsyncOpenAI, bob: AsyncOpenAI) -> None:
    mine = (await ask(ann, "Hello", background=True)).id
    missing = "resp_" + "0" * 32
    said = []
    for response_id in (mine, missing):
        for call in (
            bob.responses.retrieve,
            bob.responses.delete,
            bob.responses.cancel,
            bob.responses.input_items.list,
        ):
            with pytest.raises(openai.NotFoundError) as error:
                await call(response_id)
            said.append(str(error.value).replace(response_id, "ID"))
        with pytest.raises(openai.BadRequestError) as refused:
            await ask(bob, "Hi", previous_response_id=response_id)
        said.append(str(refused.value).replace(response_id, "ID"))
    assert said[:5] == said[5:]


@pytest.mark.parametrize("response_id", ["resp_", "turn_1", "resp_a-b", "resp_" + "a" * 90])
async def test_a_malformed_id_is_a_missing_one(ann: AsyncOpenAI, response_id: str) -> None:
    with pytest.raises(openai.NotFoundError, match="not found"):
        await ann.responses.retrieve(response_id)


async def test_the_same_idempotency_key_is_the_same_response(
    ann: AsyncOpenAI, upstream: FakeOpenAI
) -> None:
    headers = {"Idempotency-Key": "order-1"}
    first = await ask(ann, "Hello", extra_headers=headers)
    assert await ask(ann, "Hello", extra_headers=headers) == first
    assert len(upstream.requests) == 1
    with pytest.raises(openai.BadRequestError):
        await ask(ann, "Something else", extra_headers=headers)
