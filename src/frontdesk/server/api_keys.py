"""API keys: made once, shown once, stored as a hash, gone at once when they are revoked."""

import hashlib
import hmac
import secrets
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any, cast

import orjson
from redis.asyncio import Redis

from frontdesk.contract.errors import InvalidRequest, StoreUnavailable
from frontdesk.contract.keys import API_KEYS, KEYS_USED
from frontdesk.contract.tools import TOOL_SCOPE
from frontdesk.server.audit import Audit
from frontdesk.sessions.connection import translated
from frontdesk.sessions.issued_keys import Clock, IssuedKeys, Key, read_key, utc_now

ACT_AS_USER = "act-as-user"
SCOPES = frozenset({"chat", "read", ACT_AS_USER, "approve", "admin"})
DEFAULT_SCOPES = frozenset({"chat", "read"})
NAME_CHARS = 128
USED_EVERY_S = 600.0


NOBODY = Key("0" * 16, "nobody", "nobody", DEFAULT_SCOPES, "2026-01-01T00:00:00Z")
"""As long as a real one: reading it takes as long."""


class ApiKeys(IssuedKeys):
    """The keys of a deployment: made, listed, revoked, and known by their tokens."""

    def __init__(self, redis: Redis, now: Clock = utc_now) -> None:
        super().__init__(redis, now)
        self._audit = Audit(redis)
        self._nobody = _record(NOBODY, "0" * 64)
        self._noted: dict[str, float] = {}

    async def create(
        self,
        tenant: str,
        user: str | None = None,
        scopes: Iterable[str] = DEFAULT_SCOPES,
        name: str = "",
        *,
        expires: datetime | None = None,
        trusts_open_webui: bool = False,
        by: str = "command",
    ) -> tuple[str, str]:
        """Makes a key; returns its id and the full key, which nobody can read again. `by` is who
        makes it, for the audit log.

        Raises:
            InvalidRequest: a scope is unknown, a name is empty, too long or not printable, the end
                is not in the future, or the header of Open WebUI needs the scope `act-as-user`.
        """
        key = Key(
            secrets.token_hex(8),
            checked_name("tenant", tenant),
            checked_user(user) if user is not None else None,
            _checked_scopes(scopes),
            _rfc3339(self._now()),
            name and checked_name("name", name),
            _rfc3339(expires) if expires else None,
            trusts_open_webui,
        )
        if expires and expires <= self._now():
            raise InvalidRequest("The end of a key must be in the future.")
        if trusts_open_webui and ACT_AS_USER not in key.scopes:
            raise InvalidRequest("To trust Open WebUI's header, a key needs `act-as-user`.")
        secret = secrets.token_hex(24)
        await self._audit.record("key.created", by, **_told(key))
        with translated():
            await self._redis.hset(API_KEYS, key.id, _record(key, _digest(secret)))
        return key.id, f"fd_{key.id}_{secret}"

    async def list(self) -> tuple[Key, ...]:
        """All keys, also those that have ended, oldest first."""
        with translated():
            records = await self._redis.hvals(API_KEYS)
            used = cast(dict[bytes, bytes], await self._redis.hgetall(KEYS_USED))
        keys = [read_key(raw)[0] for raw in records]
        seen = {name.decode(): at.decode() for name, at in used.items()}
        listed = (replace(key, used=seen.get(key.id)) for key in keys)
        return tuple(sorted(listed, key=lambda key: key.created))

    async def revoke(self, key_id: str, by: str = "command") -> bool:
        """Ends a key; false when there is none of this id."""
        raw = await self.record(key_id)
        if raw is None:
            return False
        await self._audit.record("key.revoked", by, **_told(read_key(raw)[0]))
        with translated():
            gone = await self._redis.hdel(API_KEYS, key_id)
            await self._redis.hdel(KEYS_USED, key_id)
        return bool(gone)

    async def find(self, token: str) -> Key | None:
        """The key that this token is, or None; also when it has ended. Takes the same steps whether
        the id exists or not, so that time does not tell which ids do.
        """
        key_id, secret = _parts(token)
        raw = await self.record(key_id)
        key, digest = read_key(raw or self._nobody)
        right = hmac.compare_digest(digest.encode(), _digest(secret).encode())
        if raw is None or not right or self.ended(key):
            return None
        await self._note(key.id)
        return key

    async def any(self) -> bool:
        """Whether a key exists, so that callers need one."""
        with translated():
            return bool(await self._redis.hlen(API_KEYS))

    async def _note(self, key_id: str) -> None:
        """Notes that the key is in use, seldom enough to cost nothing."""
        now = time.monotonic()
        if now - self._noted.get(key_id, -USED_EVERY_S) < USED_EVERY_S:
            return
        self._noted[key_id] = now
        with suppress(StoreUnavailable), translated():
            await self._redis.hset(KEYS_USED, key_id, _rfc3339(self._now()))


def checked_name(what: str, name: str) -> str:
    """The name, if it has 1 to 128 printable characters.

    Raises:
        InvalidRequest: it has not.
    """
    if not (1 <= len(name) <= NAME_CHARS and name.isprintable()):
        raise InvalidRequest(f"The {what} must have 1 to {NAME_CHARS} printable characters.")
    return name


def checked_user(user: str) -> str:
    """A user's name, which also must not look like the user that stands for a key (`key:<id>`).

    Raises:
        InvalidRequest: it does, or it is no name.
    """
    if user.startswith("key:"):
        raise InvalidRequest("A user must not begin with `key:`: keys without a user own these.")
    return checked_name("user", user)


def _checked_scopes(scopes: Iterable[str]) -> frozenset[str]:
    chosen = frozenset(scopes)
    unknown = {each for each in chosen - SCOPES if not TOOL_SCOPE.fullmatch(each)}
    if not chosen or unknown:
        raise InvalidRequest(
            f"The scopes of a key are among: {', '.join(sorted(SCOPES))}, tool:<name>."
        )
    return chosen


def _parts(token: str) -> tuple[str, str]:
    kind, _, rest = token.partition("_")
    key_id, _, secret = rest.partition("_")
    return (key_id, secret) if kind == "fd" else ("", "")


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _rfc3339(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _told(key: Key) -> dict[str, str | None]:
    """What the audit log says of a key."""
    return {
        "key": key.id,
        "tenant": key.tenant,
        "user": key.user,
        "scopes": " ".join(sorted(key.scopes)),
        "expires": key.expires,
        "name": key.name,
    }


def _record(key: Key, digest: str) -> bytes:
    data: dict[str, Any] = asdict(key)
    del data["used"]
    return orjson.dumps({**data, "scopes": sorted(key.scopes), "sha256": digest})
