"""How many turns run at once: refused beyond, free again however a turn ends."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from redis.asyncio import Redis
from tests.redis_topologies import until

from frontdesk.assembly import open_desk
from frontdesk.budget.pace import AT_ONCE, Pace
from frontdesk.config import Settings
from frontdesk.contract.errors import FrontdeskError, Overloaded, RateLimited
from frontdesk.contract.messages import UNLIMITED, Caller, Message
from frontdesk.demo import policy, shop
from frontdesk.desk import Desk
from frontdesk.sessions.holds import Begun
from frontdesk.testing import Visitor

MOST = 3
LONG = "[slow:0.2] [long:100] tell me"


@pytest.fixture
async def desks(settings: Settings) -> AsyncIterator[list[Desk]]:
    """Two processes' desks, on which a user may run three turns."""
    chosen = settings.model_copy(update={"turns_per_user": MOST, "turns_per_process": 5})
    async with AsyncExitStack() as stack:
        opened = (open_desk(chosen, plugins={"shop": shop}, policy=policy()) for _ in range(2))
        yield [await stack.enter_async_context(desk) for desk in opened]


async def started(desk: Desk, number: int, user: str, *scopes: str) -> Begun | FrontdeskError:
    caller = Caller("acme", user, frozenset({"chat", *scopes}))
    message = Message(f"turn_{user}_{number}", caller, f"{LONG} {number}", stream=True)
    try:
        return await desk.start(message)
    except FrontdeskError as error:
        return error


async def all_started(desks: list[Desk], times: int, user: str) -> list[Begun]:
    """What of so many messages at once, to either process, starts a turn."""
    calls = (started(desks[number % 2], number, user) for number in range(times))
    ended = await asyncio.gather(*calls)
    begun = [each for each in ended if isinstance(each, Begun)]
    assert all(isinstance(each, Begun | RateLimited) for each in ended)
    return begun


async def cancelled(desk: Desk, user: str, *begun: Begun) -> None:
    visitor = Visitor(desk, user, "acme")
    for each in begun:
        await desk.sessions.cancel(visitor.owner, each.turn_id)
        await visitor.read(each.turn_id)


async def test_t42_of_many_turns_at_once_on_two_processes_exactly_the_limit_runs(
    desks: list[Desk],
) -> None:
    running = await all_started(desks, 20, "ann")
    assert len(running) == MOST
    others = await all_started(desks, 2, "bob")
    assert len(others) == 2
    await cancelled(desks[0], "ann", *running)
    await cancelled(desks[0], "bob", *others)


async def free(redis: Redis) -> bool:
    return not [key async for key in redis.scan_iter("fd:{*}:limit:turns*")]


@pytest.mark.parametrize("text", ["Good morning", "[status:500]", "fuck you", ""])
async def test_a_turn_that_has_ended_is_not_counted(
    desks: list[Desk], redis: Redis, text: str
) -> None:
    ann = Visitor(desks[0], "ann", "acme")
    for _ in range(MOST + 1):
        await ann.ask(text or "Where is my order 2024-1001?")
    await until(lambda: free(redis), 5)


async def test_a_turn_that_waited_in_line_takes_the_place_of_the_one_before_it(
    desks: list[Desk], redis: Redis
) -> None:
    ann = Visitor(desks[0], "ann", "acme")
    first = await ann.send(LONG)
    second = await ann.send("And this")
    key = (await redis.keys("fd:{*}:limit:turns:*"))[0]
    assert await redis.zcard(key) == 1  # the one that waits does not run
    await desks[0].sessions.cancel(ann.owner, first)
    await ann.read(second)
    await until(lambda: free(redis), 5)


async def test_a_process_takes_in_no_more_turns_than_it_can_run(desks: list[Desk]) -> None:
    running = [await started(desks[0], number, "ann", UNLIMITED) for number in range(5)]
    refused = await started(desks[0], 5, "bob")
    assert isinstance(refused, Overloaded)
    assert refused.retry_after_s
    running.append(await started(desks[1], 6, "ann", UNLIMITED))
    begun = [each for each in running if isinstance(each, Begun)]
    assert len(begun) == 6
    await cancelled(desks[0], "ann", *begun)


async def test_the_same_message_again_is_the_same_turn_also_at_the_limit(desks: list[Desk]) -> None:
    running = [await started(desks[0], n, "ann") for n in range(MOST)]
    for desk in desks:
        again = await started(desk, 0, "ann")
        assert isinstance(again, Begun)
        assert again.state == "duplicate"
        assert isinstance(await started(desk, 9, "ann"), RateLimited)
    await cancelled(desks[0], "ann", *(each for each in running if isinstance(each, Begun)))


async def falling_behind() -> None:
    while True:
        time.sleep(0.1)  # noqa: ASYNC251 - a loop that is late is what this is about
        await asyncio.sleep(0)


async def test_t42_messages_wait_in_line_while_the_process_is_behind() -> None:
    pace, busy = Pace(patience_s=0.5), asyncio.create_task(falling_behind())
    waits = (pace.wait() for _ in range(AT_ONCE + 40))
    ended = await asyncio.gather(*waits, return_exceptions=True)
    busy.cancel()
    refused = [each for each in ended if isinstance(each, Overloaded)]
    passed = [each for each in ended if each is None]
    assert len(passed) + len(refused) == len(ended)
    assert all(each.retry_after_s for each in refused)
    assert len(passed) > AT_ONCE, "the line moves"
    assert len(refused) > 20, "who would wait for too long is refused"
    await pace.wait()
