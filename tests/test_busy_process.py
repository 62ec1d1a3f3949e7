"""A process that is too busy to listen, beside a Redis that answers."""

import asyncio
import time
from typing import Any

from redis.asyncio import Redis

from frontdesk.sessions.clients import DEADLINE_S


async def test_its_own_delay_is_not_taken_for_one_of_redis(redis: Redis) -> None:
    pipe = redis.pipeline(transaction=False)
    pipe.get("word")
    await redis.set("word", "heard", ex=10)
    asked: Any = [asyncio.ensure_future(call) for call in (redis.get("word"), pipe.execute())]
    await asyncio.sleep(0)
    time.sleep(DEADLINE_S + 0.2)  # noqa: ASYNC251 - this is what a busy loop does
    assert await asyncio.gather(*asked) == [b"heard", [b"heard"]]
