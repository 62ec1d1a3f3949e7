"""The audit log: what was done to keys and as an administrator, and who was refused it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import structlog
from redis.asyncio import Redis

from frontdesk.contract.keys import AUDIT
from frontdesk.sessions.connection import translated
from frontdesk.sessions.instants import rfc3339

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Entry:
    """One action: when (RFC 3339 UTC, by the clock of Redis), what, by whom, and the rest of it by
    name. `by` is `key:<id>`, `user:<tenant>/<user>` of a token, `command:<user of the machine>` or
    `address:<address>`. Nothing in it is a secret.
    """

    at: str
    action: str
    by: str
    about: Mapping[str, str]


class Audit:
    """The log of a deployment, one Redis stream. Entries stay until they are trimmed."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def record(self, action: str, by: str, **about: str | None) -> None:
        """Writes one entry, and one line of the process's log. It comes before its action: what
        cannot be written down is not done.

        Raises:
            StoreUnavailable: Redis takes no writes.
        """
        known = {name: value for name, value in about.items() if value}
        fields: dict[Any, Any] = {"action": action, "by": by, **known}
        with translated():
            await self._redis.xadd(AUDIT, fields)
        logger.info("audit", action=action, by=by, **known)

    async def read(self, limit: int) -> tuple[Entry, ...]:
        """The last entries, oldest first."""
        with translated():
            answer = await self._redis.xrevrange(AUDIT, count=limit)
        found = cast(list[tuple[bytes, dict[bytes, bytes]]], answer)
        return tuple(_entry(name, fields) for name, fields in reversed(found))

    async def trim(self, before: datetime, by: str) -> int:
        """Deletes what is older, and tells how many entries that were; that too is an entry."""
        await self.record("audit.trimmed", by, before=rfc3339(before.timestamp()))
        with translated():
            return int(
                await self._redis.xtrim(
                    AUDIT, minid=f"{round(before.timestamp() * 1000)}-0", approximate=False
                )
            )


def _entry(name: bytes, fields: Mapping[bytes, bytes]) -> Entry:
    about = {key.decode(): value.decode(errors="replace") for key, value in fields.items()}
    at = rfc3339(int(name.partition(b"-")[0]) / 1000)
    return Entry(at, about.pop("action", ""), about.pop("by", ""), about)
