"""All that a Redis holds, as bytes: what somebody reads who has taken its files."""

from collections.abc import AsyncIterator
from typing import Any

from redis.asyncio import Redis


async def contents(redis: Redis) -> bytes:
    """Every key, of every type, with every field, member, element and entry."""
    return b"\n".join([repr(value).encode() async for value in _values(redis)])


async def _values(redis: Redis) -> AsyncIterator[Any]:
    reads: dict[Any, Any] = {
        b"string": redis.get,
        b"hash": redis.hgetall,
        b"list": lambda key: redis.lrange(key, 0, -1),
        b"set": redis.smembers,
        b"zset": lambda key: redis.zrange(key, 0, -1, withscores=True),
        b"stream": redis.xrange,
    }
    async for key in redis.scan_iter(count=1000):
        kind = await redis.type(key)
        if kind != b"none":  # it has ended since it was found
            yield key, await reads[kind](key)
