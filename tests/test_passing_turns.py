"""Turns of which only themselves are kept, and messages that carry much, wherever they wait."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio
from redis.asyncio import Redis
from tests.protocol_desks import REFUSED, WEATHER, call, desk_of, output, said, sent, shown
from tests.sealed_desks import NEW, visited

from frontdesk.config import Settings, load_secret
from frontdesk.contract.context import Ledger
from frontdesk.contract.errors import NotFound
from frontdesk.contract.keys import OwnerKeys
from frontdesk.contract.messages import Message, Wishes
from frontdesk.desk import Desk
from frontdesk.sessions.store import Sessions
from frontdesk.testing import FakeOpenAI, Visitor

CONTEXT = (
    {"role": "developer", "content": "Talk like a pirate."},
    said("user", "My parrot is called Kiwi"),
    said("assistant", "A fine name."),
    call("call_1"),
    output("call_1", "sunny"),
)
FIELDS: dict[str, Any] = {
    "context": CONTEXT,
    "client_tools": (WEATHER,),
    "wishes": Wishes(temperature=0.2),
}


@pytest_asyncio.fixture
async def desk(settings: Settings) -> AsyncIterator[Desk]:
    async with desk_of(settings) as opened:
        yield opened


@pytest.mark.parametrize("text", ["Hello there", f"say {REFUSED}"])
async def test_no_list_has_it_and_it_can_be_read(ann: Visitor, redis: Redis, text: str) -> None:
    result = await ann.ask(text, keeps=False)
    assert await ann.desk.sessions.list(ann.owner, 10) == ()
    assert (await ann.desk.sessions.result(ann.owner, result.turn_id)) == result
    assert await ann.read(result.turn_id)
    keys = OwnerKeys(ann.owner)
    for key in (keys.turn(result.turn_id), keys.events(result.turn_id)):
        assert 0 < await redis.ttl(key) <= 600
    assert not [key async for key in redis.scan_iter(f"{keys.prefix}s:*")]


async def test_no_later_turn_sees_it(ann: Visitor, upstream: FakeOpenAI) -> None:
    await ann.ask("Good morning to you")
    session = ann.session_id
    await ann.ask("My parrot is called Kiwi", keeps=False)
    await ann.ask("What is it called?", session_id=session)
    assert "Kiwi" not in shown(upstream)
    assert "Good morning to you" in shown(upstream)


async def test_it_answers_no_later_question(ann: Visitor, upstream: FakeOpenAI) -> None:
    question = "Which colours does the garden bench come in?"
    await ann.ask(question, keeps=False)
    await ann.ask(question, session_id="")
    assert upstream.calls == 2


async def test_its_session_cannot_be_spoken_to(ann: Visitor) -> None:
    result = await ann.ask("Hello there", keeps=False)
    with pytest.raises(NotFound):
        await ann.send("Hello again", session_id=result.session_id)


async def test_forgetting_the_user_forgets_it(ann: Visitor, redis: Redis) -> None:
    result = await ann.ask("Hello there", keeps=False)
    await ann.desk.sessions.erasure.forget(ann.owner, "local")
    with pytest.raises(NotFound):
        await ann.desk.sessions.result(ann.owner, result.turn_id)
    assert not [key async for key in redis.scan_iter(f"{OwnerKeys(ann.owner).prefix}*")]


async def test_a_message_that_waited_carries_everything(ann: Visitor, upstream: FakeOpenAI) -> None:
    first = await ann.send("[slow:0.05] Tell me a long story")
    second = await ann.send("[tool:weather] And now?", **FIELDS)
    assert len(await ann.read(first)) > 1
    await ann.read(second)
    result = await ann.desk.sessions.result(ann.owner, second)
    assert [each["name"] for each in result.calls] == ["weather"]
    assert sent(upstream)["temperature"] == 0.2
    assert "Kiwi" in shown(upstream)
    assert "long story" not in shown(upstream)


@pytest.mark.parametrize("how", ["kept", "aside", "passing"])
async def test_another_process_takes_it_over_whole(
    settings: Settings, redis: Redis, upstream: FakeOpenAI, how: str
) -> None:
    short = settings.model_copy(update={"lease_s": 0.5})
    gone = Sessions(redis, load_secret(settings), short)
    async with desk_of(short) as desk:
        ann = Visitor(desk, "ann")
        message = Message("turn_a", ann.caller, "raw", **FIELDS)
        message = replace(message, aside=how == "aside", keeps=how != "passing")
        begun = await gone.begin(message, "[tool:weather] And now?", Ledger(tainted=True))
        await ann.read("turn_a")
        result = await desk.sessions.result(ann.owner, "turn_a")
        listed = await desk.sessions.list(ann.owner, 10)
    assert begun.state == "started"
    assert [each["name"] for each in result.calls] == ["weather"]
    assert "Kiwi" in shown(upstream)
    assert sent(upstream)["temperature"] == 0.2
    assert bool(listed) is (how == "kept")


async def test_what_waits_is_sealed(settings: Settings, redis: Redis, upstream: FakeOpenAI) -> None:
    async with visited(settings, NEW) as ann:
        await ann.send("[slow:0.05] Tell me a long story")
        waiting = await ann.send("And now?", **FIELDS)
        stored = [await redis.dump(key) async for key in redis.scan_iter()]
        assert not any(word in str(stored) for word in ("Kiwi", "pirate", "sunny"))
        await ann.read(waiting)
    assert "Kiwi" in shown(upstream)
