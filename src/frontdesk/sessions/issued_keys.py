"""API keys as they are stored, and whether one still counts: at a request, and when a turn begins
that has waited.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeAlias

import orjson
from redis.asyncio import Redis

from frontdesk.contract.errors import Unauthorized
from frontdesk.contract.keys import API_KEYS
from frontdesk.sessions.connection import translated

Clock: TypeAlias = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Key:
    """An API key without its secret: whom it speaks for and what it may do. `user` is None where
    the key has no user of its own; `created`, `expires` and `used` are RFC 3339 UTC, `used` to ten
    minutes and only where keys are listed. `trusts_open_webui`: its requests may name their user in
    the plain header of Open WebUI.
    """

    id: str
    tenant: str
    user: str | None
    scopes: frozenset[str]
    created: str
    name: str = ""
    expires: str | None = None
    trusts_open_webui: bool = False
    used: str | None = None


def utc_now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


class IssuedKeys:
    """The keys of a deployment, in one Redis hash. No process keeps them in memory: a revoked key
    is refused by every process from its next request on.
    """

    def __init__(self, redis: Redis, now: Clock = utc_now) -> None:
        self._redis, self._now = redis, now

    async def record(self, key_id: str) -> bytes | str | None:
        """A key as it is stored, for `read_key`; None when there is none of this id.

        Raises:
            StoreUnavailable: Redis does not answer.
        """
        with translated():
            return await self._redis.hget(API_KEYS, key_id)

    def ended(self, key: Key) -> bool:
        """Whether the key's time is over."""
        return key.expires is not None and datetime.fromisoformat(key.expires) <= self._now()

    async def check(self, key_id: str) -> None:
        """Makes sure that a key still counts.

        Raises:
            Unauthorized: it was revoked or has ended.
            StoreUnavailable: Redis does not answer.
        """
        raw = await self.record(key_id)
        if raw is None or self.ended(read_key(raw)[0]):
            raise Unauthorized(
                "The API key that this message came with was revoked or has ended before its turn"
                " could go on: send the message again with another key."
            )


def read_key(raw: bytes | str) -> tuple[Key, str]:
    """A key from its record, and the SHA-256 of its secret."""
    data = orjson.loads(raw)
    digest = data.pop("sha256")
    return Key(**{**data, "scopes": frozenset(data["scopes"])}), digest
