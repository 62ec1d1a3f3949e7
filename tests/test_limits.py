"""Limits: so many within a minute, so many at once, exact over processes, and free again."""

import asyncio
from collections.abc import Sequence

import pytest
from redis.asyncio import Redis
from tests.redis_topologies import until

from frontdesk.budget.limits import Limit, Limiter
from frontdesk.budget.slots import Slots
from frontdesk.contract.errors import RateLimited
from frontdesk.contract.keys import DEPLOYMENT, limit_key, tenant_of

TENANT = tenant_of(b"secret", "acme")
LEASE_S = 0.3


def often(most: int, who: str = "", slot: str = TENANT, window_ms: int = 60_000) -> Limit:
    return Limit("requests", limit_key(slot, "requests", who), most, window_ms)


def at_once(most: int, who: str = "", slot: str = TENANT) -> Limit:
    return Limit("turns", limit_key(slot, "turns", who), most)


async def passed(limiter: Limiter, limits: Sequence[Limit], times: int) -> int:
    """How many of so many calls at once pass."""
    calls = (limiter.take(limits, str(n), 60_000) for n in range(times))
    ended = await asyncio.gather(*calls, return_exceptions=True)
    assert all(isinstance(one, bool | RateLimited) for one in ended)
    return sum(isinstance(one, bool) for one in ended)


@pytest.fixture
def limiter(redis: Redis) -> Limiter:
    return Limiter(redis)


@pytest.mark.parametrize("limit", [often(7), at_once(7)], ids=["often", "at once"])
async def test_exactly_as_many_pass_as_may(limiter: Limiter, limit: Limit) -> None:
    assert await passed(limiter, [limit], 50) == 7
    assert await passed(limiter, [limit], 50) == (0 if limit.window_ms else 7)  # the same members


async def test_what_one_limit_refuses_is_counted_by_none(limiter: Limiter) -> None:
    tight, wide = often(1, "ann"), often(3)
    assert await passed(limiter, [tight, wide], 10) == 1
    assert await passed(limiter, [wide], 10) == 2


async def test_on_a_cluster_what_a_later_slot_refuses_is_given_back(limiter: Limiter) -> None:
    limiter._in_slots = True  # one call for each slot, as there
    ours, shared = often(9), often(2, slot=DEPLOYMENT)
    turns, all_turns = at_once(9), at_once(2, slot=DEPLOYMENT)
    assert await passed(limiter, [ours, turns, shared, all_turns], 10) == 2
    assert await passed(limiter, [ours], 20) == 7
    with pytest.raises(RateLimited):
        await limiter.take([turns, all_turns], "another", 60_000)
    assert await limiter._redis.zcard(turns.key) == 2


async def test_the_minute_is_any_minute_and_the_refusal_says_when_it_ends(
    limiter: Limiter, redis: Redis
) -> None:
    limit = often(3)
    seconds, micros = await redis.time()
    now = seconds * 1000 + micros // 1000
    await redis.lpush(limit.key, now - 60_001, now - 41_500, now - 10)  # one is out of it
    await limiter.take([limit])
    with pytest.raises(RateLimited, match="at most 3 requests in any minute") as refused:
        await limiter.take([limit])
    assert refused.value.retry_after_s in (18, 19)


async def test_a_lowered_limit_holds_at_once(limiter: Limiter) -> None:
    assert await passed(limiter, [often(9)], 9) == 9
    assert await passed(limiter, [often(4)], 9) == 0


async def test_a_limit_that_nobody_uses_leaves_nothing(limiter: Limiter, redis: Redis) -> None:
    await limiter.take([often(3, window_ms=50), at_once(3)], "one", 50)

    async def empty() -> bool:
        return not await redis.keys("fd:*")

    await until(empty, 5)


async def test_a_slot_is_free_when_it_is_left(limiter: Limiter) -> None:
    slots = Slots(limiter, LEASE_S)
    await slots.take([at_once(1)], "one")
    with pytest.raises(RateLimited, match="at most 1 turns at once"):
        await slots.take([at_once(1)], "two")
    await slots.leave("one")
    await slots.take([at_once(1)], "two")


async def test_a_slot_is_kept_while_its_process_lives_and_free_when_that_is_dead(
    limiter: Limiter, redis: Redis
) -> None:
    slots, limit = Slots(limiter, LEASE_S), at_once(1)

    async def renewed() -> bool:
        return bool(await redis.zscore(limit.key, "one") != taken)

    async with slots.keeping():
        await slots.take([limit], "one")
        taken = await redis.zscore(limit.key, "one")
        await until(renewed, 5)
        assert await passed(limiter, [limit], 3) == 0

    async def free() -> bool:
        return await passed(limiter, [limit], 1) == 1

    await until(free, 5)


async def test_what_must_run_has_a_slot_beyond_the_limit(limiter: Limiter, redis: Redis) -> None:
    slots, limit = Slots(limiter, LEASE_S), at_once(1)
    await slots.take([limit], "one")
    await slots.claim([limit], "two")
    assert await redis.zcard(limit.key) == 2
    await slots.leave("one")
    assert await passed(limiter, [limit], 3) == 0
