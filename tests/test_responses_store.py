"""What is kept of responses and conversations: how long, how sealed, and how it is forgotten."""

import asyncio
from typing import Any

import openai
import pytest
from openai import AsyncOpenAI
from redis.asyncio import Redis
from tests.openai_callers import front_of, openai_clients
from tests.protocol_desks import desk_of
from tests.redis_contents import contents
from tests.sealed_desks import NEW, OLD, sealing, with_keys
from tests.turns import ANN, Echo, store

from frontdesk.config import Settings
from frontdesk.contract.errors import NotFound
from frontdesk.contract.keys import OwnerKeys
from frontdesk.contract.turns import TurnResult
from frontdesk.sessions.resealing import Resealing
from frontdesk.sessions.responses import Outcome, Responses, StoredResponse
from frontdesk.sessions.scripts import Scripts
from frontdesk.sessions.sealing import Sealing
from frontdesk.testing import FakeOpenAI, text, together, tool_call

SAID = "Parrotfish"
ASKED = StoredResponse("X", 1_790_000_000.5, {"model": "frontdesk"}, ({"id": "msg_Xi0"},))
ITEM = {"id": "msg_1", "type": "message", "role": "user", "content": []}


@pytest.fixture
def ann(protocol_clients: tuple[AsyncOpenAI, AsyncOpenAI]) -> AsyncOpenAI:
    return protocol_clients[0]


def responses(redis: Redis, scripts: type[Scripts] = Scripts, keep_s: int = 60) -> Responses:
    return Responses(redis, scripts(redis, 60, 1.0, Sealing(())), keep_s)


async def logs(redis: Redis) -> list[bytes]:
    """The keys of the turns themselves."""
    return [key async for key in redis.scan_iter(match="fd:{*}:t:*")]


async def settled(redis: Redis, response_id: str) -> str:
    """Waits until its outcome is kept; its key."""
    found = [key async for key in redis.scan_iter(match=f"fd:*:responses:{response_id[5:]}")]
    async with asyncio.timeout(10):
        while not await redis.hexists(found[0], "outcome"):  # noqa: ASYNC110 - Redis tells nobody
            await asyncio.sleep(0.01)
    return str(found[0].decode())


async def test_a_response_that_nobody_read_outlives_its_turn(
    ann: AsyncOpenAI, upstream: FakeOpenAI, redis: Redis
) -> None:
    upstream.script(together(text("One moment."), tool_call("look")), text("It is blue."))
    begun = await ann.responses.create(model="frontdesk", input="Which?", background=True)
    await settled(redis, begun.id)
    await redis.delete(*await logs(redis))
    found = await ann.responses.retrieve(begun.id)
    assert [item.type for item in found.output] == ["message", "message"]
    assert found.output_text == "One moment.It is blue."


async def test_a_replay_is_the_same_when_the_turn_is_gone(ann: AsyncOpenAI, redis: Redis) -> None:
    stream = await ann.responses.create(model="frontdesk", input="One two three", stream=True)
    events: list[Any] = [event async for event in stream]
    await redis.delete(*await logs(redis))
    again = await ann.responses.retrieve(events[0].response.id, stream=True)
    assert [event async for event in again] == events


async def test_what_ended_long_ago_cannot_be_cancelled(ann: AsyncOpenAI, redis: Redis) -> None:
    begun = await ann.responses.create(model="frontdesk", input="Hello", background=True)
    await settled(redis, begun.id)
    await redis.delete(*await logs(redis))
    with pytest.raises(openai.BadRequestError, match="Cannot cancel a completed response"):
        await ann.responses.cancel(begun.id)


async def test_a_response_whose_turn_was_lost_is_cancelled(ann: AsyncOpenAI, redis: Redis) -> None:
    begun = await ann.responses.create(model="frontdesk", input="Hello", background=True)
    await redis.hdel(await settled(redis, begun.id), "outcome")
    await redis.delete(*await logs(redis))
    assert (await ann.responses.retrieve(begun.id)).status == "cancelled"


async def test_it_is_kept_as_long_as_the_setting_says(redis: Redis) -> None:
    kept = responses(redis, keep_s=77)
    await kept.keep("o", ASKED)
    assert 70 < await redis.ttl(OwnerKeys("o").response("X")) <= 77


async def test_what_is_kept_first_stays(redis: Redis) -> None:
    kept = responses(redis, Echo)
    await kept.keep("o", ASKED)
    for answer in ("first", "second"):
        await kept.settle("o", "X", Outcome((), TurnResult("turn_X", "s", "completed", answer)))
    outcome = (await kept.load("o", "X")).outcome
    assert outcome
    assert outcome.result.answer == "first"


async def test_a_deleted_response_does_not_come_back_with_its_end(redis: Redis) -> None:
    kept = responses(redis)
    await kept.keep("o", ASKED)
    await kept.delete("o", "X", whole=True)
    await kept.settle("o", "X", Outcome((), TurnResult("turn_X", "s", "completed")))
    with pytest.raises(NotFound):
        await kept.load("o", "X")
    assert not await redis.exists(OwnerKeys("o").response("X"))


async def test_deleting_a_response_deletes_its_words(ann: AsyncOpenAI, redis: Redis) -> None:
    response = await ann.responses.create(model="frontdesk", input=SAID)
    assert SAID.encode() in await contents(redis)
    await ann.responses.delete(response.id)
    assert SAID.encode() not in await contents(redis)


async def test_turns_are_listed_once_by_however_many_readers(ann: AsyncOpenAI) -> None:
    talk = (await ann.conversations.create()).id
    for n in range(3):
        await ann.responses.create(model="frontdesk", input=f"M{n}", conversation=talk)
    pages = await asyncio.gather(*(ann.conversations.items.list(talk) for _ in range(5)))
    assert [len(page.data) for page in pages] == [6] * 5


async def test_items_that_come_twice_stand_once(redis: Redis) -> None:
    sessions = store(redis)
    owner = sessions.owner(ANN)
    await sessions.conversations.create(owner, "sess_1", {}, "")
    for _ in range(2):
        assert await sessions.conversations.add(owner, "sess_1", [ITEM])
    assert await sessions.conversations.ids(owner, "sess_1") == ["msg_1"]


async def test_items_of_a_forgotten_conversation_are_gone(redis: Redis) -> None:
    sessions = store(redis)
    owner = sessions.owner(ANN)
    talk = "sess_1"
    await sessions.conversations.create(owner, talk, {}, "")
    await sessions.conversations.add(owner, talk, [ITEM])
    await sessions.forget(owner, talk)
    assert not [key async for key in redis.scan_iter(match=f"fd:*{talk}*")]
    with pytest.raises(NotFound):
        await sessions.conversations.add(owner, talk, [ITEM])


async def test_a_user_is_forgotten_with_responses_and_items(
    ann: AsyncOpenAI, redis: Redis, settings: Settings
) -> None:
    talk = (await ann.conversations.create()).id
    await ann.responses.create(model="frontdesk", input=SAID, conversation=talk)
    await ann.conversations.items.list(talk)
    sessions = store(redis, secret="a secret for tests")
    owners = {key.split(b"}")[0][4:].decode() for key in await logs(redis)}
    (owner,) = owners
    erased = await sessions.erasure.forget(owner, "acme")
    assert (erased.deleted["responses"], erased.deleted["items"]) == (1, 2)
    assert SAID.encode() not in await contents(redis)


@pytest.mark.parametrize("keys", [(), (OLD,)])
async def test_redis_holds_no_word_of_them_in_the_clear(
    settings: Settings, redis: Redis, keys: tuple[str, ...]
) -> None:
    mine = with_keys(settings, *keys)
    async with (
        desk_of(mine) as desk,
        front_of(desk, mine) as front,
        openai_clients(front) as (ann, _),
    ):
        message: Any = {"type": "message", "role": "user", "content": SAID}
        talk = (await ann.conversations.create(items=[message], metadata={"pet": SAID})).id
        more: Any = {"instructions": SAID, "conversation": talk, "metadata": {"pet": SAID}}
        await ann.responses.create(model="frontdesk", input=SAID, **more)
        await ann.conversations.items.list(talk)
    assert (SAID.encode() in await contents(redis)) is not bool(keys)


async def test_they_are_sealed_anew_with_a_new_key(settings: Settings, redis: Redis) -> None:
    both = with_keys(settings, NEW, OLD)
    async with desk_of(with_keys(settings, OLD)) as desk, front_of(desk, settings) as front:
        async with openai_clients(front) as (ann, _):
            message: Any = {"type": "message", "role": "user", "content": SAID}
            talk = (await ann.conversations.create(items=[message])).id
            first = await ann.responses.create(model="frontdesk", input=SAID)
        await Resealing(redis, sealing(NEW, OLD)).run()
    async with desk_of(with_keys(both, NEW)) as desk, front_of(desk, settings) as front:
        headers = {"Authorization": f"Bearer {front.ann_key}"}
        async with AsyncOpenAI(base_url=front.base_url, api_key="x") as again:
            found = await again.responses.retrieve(first.id, extra_headers=headers)
            items = await again.conversations.items.list(talk, extra_headers=headers)
    assert (found.output_text, len(items.data)) == (f"You said: {SAID}", 1)
