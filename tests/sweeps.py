"""Everything that a Redis holds, as one text to look for something in."""

from typing import Any

from redis.asyncio import Redis

READS: dict[bytes | str, Any] = {
    b"string": lambda redis, key: redis.get(key),
    b"hash": lambda redis, key: redis.hgetall(key),
    b"list": lambda redis, key: redis.lrange(key, 0, -1),
    b"set": lambda redis, key: redis.smembers(key),
    b"zset": lambda redis, key: redis.zrange(key, 0, -1, withscores=True),
    b"stream": lambda redis, key: redis.xrange(key),
}


async def everything(redis: Redis) -> str:
    """Keys and values of all databases' keys; a kind of key that is unknown here is an error."""
    held = []
    for key in await redis.keys("*"):
        kind = await redis.type(key)
        held.append((key, await READS[kind](redis, key)))
    return str(held)
