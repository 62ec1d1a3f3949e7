"""The Conversations API over HTTP, read by the official client, and as the Agents SDK uses it."""

import asyncio
from typing import Any

import httpx2
import openai
import pytest
from agents import Agent, OpenAIConversationsSession, OpenAIResponsesModel, RunConfig, Runner
from openai import AsyncOpenAI
from openai.types.responses import Response
from tests.openai_callers import Front
from tests.protocol_desks import REFUSED
from tests.response_callers import WEATHER, outputs, until

from frontdesk.testing import FakeOpenAI, slow, status, text, tool_call


@pytest.fixture
def ann(protocol_clients: tuple[AsyncOpenAI, AsyncOpenAI]) -> AsyncOpenAI:
    return protocol_clients[0]


@pytest.fixture
def bob(protocol_clients: tuple[AsyncOpenAI, AsyncOpenAI]) -> AsyncOpenAI:
    return protocol_clients[1]


async def ask(client: AsyncOpenAI, given: Any, conversation: str, **more: Any) -> Response:
    response = await client.responses.create(
        model="frontdesk", input=given, conversation=conversation, **more
    )
    assert isinstance(response, Response)
    return response


async def texts(client: AsyncOpenAI, conversation: str, **query: Any) -> list[str]:
    listed = client.conversations.items.list(conversation, order="asc", **query)
    contents: Any = [item.content async for item in listed if item.type == "message"]
    return [content[0].text for content in contents]


def user(said: str) -> Any:
    return {"type": "message", "role": "user", "content": said}


async def test_a_conversation_is_made_changed_and_deleted(ann: AsyncOpenAI) -> None:
    made = await ann.conversations.create(metadata={"topic": "배송"}, items=[user("Hello")])
    assert await ann.conversations.retrieve(made.id) == made
    changed = await ann.conversations.update(made.id, metadata={"topic": "returns"})
    assert changed.metadata == {"topic": "returns"}
    gone = await ann.conversations.delete(made.id)
    assert (gone.object, gone.deleted) == ("conversation.deleted", True)
    with pytest.raises(openai.NotFoundError, match=f"'{made.id}' not found"):
        await ann.conversations.delete(made.id)


async def test_responses_go_on_from_all_of_it_and_are_added_to_it(
    ann: AsyncOpenAI, upstream: FakeOpenAI
) -> None:
    talk = (await ann.conversations.create(items=[user("I am Ann.")])).id
    first = await ask(ann, "Hello", talk)
    await ask(ann, "And now?", talk)
    said = ["I am Ann.", "Hello", "You said: Hello", "And now?", "You said: And now?"]
    assert await texts(ann, talk) == said
    shown = str(upstream.requests[-1].body["input"])
    assert [each in shown for each in said[:4]] == [True] * 4
    ids = [item.id async for item in ann.conversations.items.list(talk, order="asc")]
    assert ids[2] == first.output[0].id
    assert first.conversation
    assert first.conversation.id == talk


async def test_one_response_at_a_time(ann: AsyncOpenAI, upstream: FakeOpenAI) -> None:
    talk = (await ann.conversations.create()).id
    upstream.script(slow(0.2, "word " * 100))
    running = await ask(ann, "Tell me", talk, background=True)
    with pytest.raises(openai.BadRequestError) as locked:
        await ask(ann, "Hurry", talk)
    assert (locked.value.code, locked.value.param) == ("conversation_locked", "conversation")
    assert await texts(ann, talk) == []
    await ann.responses.cancel(running.id)


async def test_what_failed_or_was_refused_leaves_nothing(
    ann: AsyncOpenAI, upstream: FakeOpenAI
) -> None:
    talk = (await ann.conversations.create()).id
    upstream.script(*[status(500)] * 8)
    assert (await ask(ann, "Hello", talk)).status == "failed"
    upstream.script()
    await ask(ann, f"Tell me of {REFUSED}", talk)
    assert await texts(ann, talk) == []


async def test_calls_and_outputs_of_the_clients_tools_are_part_of_it(
    ann: AsyncOpenAI, upstream: FakeOpenAI
) -> None:
    talk = (await ann.conversations.create()).id
    upstream.script(tool_call("weather", {"city": "Seoul"}), text("Sunny."))
    first = await ask(ann, "The weather?", talk, tools=[WEATHER])
    await ask(ann, outputs(first, "sun"), talk, tools=[WEATHER], store=False)
    kinds = [item.type async for item in ann.conversations.items.list(talk, order="asc")]
    assert kinds == ["message", "function_call", "function_call_output", "message"]
    called = [i async for i in ann.conversations.items.list(talk) if i.type == "function_call"]
    await ann.conversations.items.delete(called[0].id or "", conversation_id=talk)
    kinds = [item.type async for item in ann.conversations.items.list(talk, order="asc")]
    assert kinds == ["message", "message"]


async def test_items_are_added_read_and_deleted(ann: AsyncOpenAI) -> None:
    talk = (await ann.conversations.create()).id
    made = await ann.conversations.items.create(talk, items=[user(f"M{n}") for n in range(5)])
    assert await texts(ann, talk, limit=2) == ["M0", "M1", "M2", "M3", "M4"]
    one = await ann.conversations.items.retrieve(made.data[1].id or "", conversation_id=talk)
    assert one == made.data[1]
    left = await ann.conversations.items.delete(one.id or "", conversation_id=talk)
    assert left.id == talk
    assert await texts(ann, talk) == ["M0", "M2", "M3", "M4"]


async def test_a_repeat_under_an_idempotency_key_makes_nothing_twice(ann: AsyncOpenAI) -> None:
    key: Any = {"extra_headers": {"Idempotency-Key": "talk-1"}}
    talks = [await ann.conversations.create(items=[user("Hello")], **key) for _ in range(2)]
    assert talks[0] == talks[1]
    more = [
        await ann.conversations.items.create(talks[0].id, items=[user("A")], **key) for _ in "ab"
    ]
    assert more[0] == more[1]
    assert await texts(ann, talks[0].id) == ["Hello", "A"]
    with pytest.raises(openai.BadRequestError, match="another body"):
        await ann.conversations.create(items=[user("Other")], **key)


@pytest.mark.parametrize("count", [0, 21])
async def test_items_come_one_to_twenty_at_a_time(ann: AsyncOpenAI, count: int) -> None:
    talk = (await ann.conversations.create()).id
    with pytest.raises(openai.BadRequestError, match="1 to 20"):
        await ann.conversations.items.create(talk, items=[user("x")] * count)


async def test_items_pass_the_guardrails(ann: AsyncOpenAI) -> None:
    talk = (await ann.conversations.create()).id
    address = "@".join(("eve", "example.org"))
    await ann.conversations.items.create(talk, items=[user(f"Write to {address}")])
    assert address not in (await texts(ann, talk))[0]
    with pytest.raises(openai.BadRequestError) as refused:
        await ann.conversations.items.create(talk, items=[user(f"Of {REFUSED}")])
    assert refused.value.code == "content_filter"


async def test_a_deleted_conversation_leaves_its_responses(ann: AsyncOpenAI) -> None:
    talk = (await ann.conversations.create()).id
    response = await ask(ann, "Hello", talk, background=True)
    async with asyncio.timeout(10):
        while (await ann.responses.retrieve(response.id)).status != "completed":
            pass
    await ann.conversations.delete(talk)
    kept = await ann.responses.retrieve(response.id)
    assert kept.output_text == "You said: Hello"


async def test_a_session_of_our_own_api_is_a_conversation_too(
    ann: AsyncOpenAI, protocol_front: Front
) -> None:
    headers = {"Authorization": f"Bearer {protocol_front.ann_key}"}
    async with httpx2.AsyncClient(base_url=protocol_front.url, headers=headers) as http:
        answer = (await http.post("/v1/chat", json={"message": "Hello"})).json()
        talk = answer["session_id"].replace("sess_", "conv_")
        assert await texts(ann, talk) == ["Hello", "You said: Hello"]
        await ask(ann, "And now?", talk)
        turns = (await http.get(f"/v1/sessions/{answer['session_id']}/turns")).json()["turns"]
    assert [turn["user"] for turn in turns] == ["Hello", "And now?"]
    assert len(await texts(ann, talk)) == 4


async def test_foreign_ids_are_missing_ids(ann: AsyncOpenAI, bob: AsyncOpenAI) -> None:
    mine = (await ann.conversations.create(items=[user("Secret")])).id
    (item,) = [item async for item in ann.conversations.items.list(mine)]
    said = []
    for talk in (mine, "conv_" + "0" * 24):
        for call in (
            bob.conversations.retrieve(talk),
            bob.conversations.update(talk, metadata={}),
            bob.conversations.delete(talk),
            bob.conversations.items.create(talk, items=[user("x")]),
            bob.conversations.items.retrieve(item.id or "", conversation_id=talk),
            bob.conversations.items.delete(item.id or "", conversation_id=talk),
            ask(bob, "Hi", talk),
        ):
            with pytest.raises(openai.NotFoundError) as missing:
                await call
            said.append(str(missing.value).replace(talk, "ID"))
    assert said[:7] == said[7:]
    assert await texts(ann, mine) == ["Secret"]


async def test_it_is_the_memory_of_the_agents_sdk(ann: AsyncOpenAI, no_traces: None) -> None:
    session = OpenAIConversationsSession(openai_client=ann)
    agent = Agent(name="a", model=OpenAIResponsesModel("frontdesk", ann))
    quiet = RunConfig(tracing_disabled=True)
    for said in ("Hello", "And now?"):
        result = await Runner.run(agent, said, session=session, run_config=quiet)
    assert result.final_output == "You said: And now?"
    assert len(await session.get_items()) == 4
    last: Any = await session.get_items(limit=2)
    assert [item["role"] for item in last] == ["user", "assistant"]
    popped = await session.pop_item()
    assert popped
    assert len(await session.get_items()) == 3
    await session.add_items([user(f"M{n}") for n in range(45)])
    assert len(await session.get_items()) == 48
    await session.clear_session()


async def test_the_agents_sdk_waits_for_a_locked_conversation(
    ann: AsyncOpenAI, upstream: FakeOpenAI, no_traces: None
) -> None:
    talk = (await ann.conversations.create()).id
    upstream.script(slow(0.05, "Slowly but surely it comes."))
    running = asyncio.create_task(ask(ann, "Tell me", talk))
    await until(lambda: upstream.active)
    agent = Agent(name="a", model=OpenAIResponsesModel("frontdesk", ann))
    result = await Runner.run(agent, "And now?", conversation_id=talk)
    assert result.final_output == "You said: And now?"
    assert (await running).status == "completed"
