"""API keys: made once, shown once, stored as a hash, gone at once when they are revoked."""

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

import orjson
from redis.asyncio import Redis

from frontdesk.contract.errors import InvalidRequest
from frontdesk.contract.keys import API_KEYS
from frontdesk.contract.tools import TOOL_SCOPE
from frontdesk.sessions.connection import translated

SCOPES = frozenset({"chat", "read", "act-as-user", "approve", "admin"})
DEFAULT_SCOPES = frozenset({"chat", "read"})
NAME_CHARS = 128


@dataclass(frozen=True, slots=True)
class Key:
    """An API key without its secret: whom it speaks for and what it may do. `user` is None where
    the key has no user of its own; `created` is RFC 3339 UTC.
    """

    id: str
    tenant: str
    user: str | None
    scopes: frozenset[str]
    created: str
    name: str = ""


NOBODY = Key("", "", None, frozenset(), "")


class ApiKeys:
    """The keys of a deployment, in one Redis hash. Nothing is kept in memory: a revoked key is
    refused by every process from its next request on.
    """

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._nobody = _record(NOBODY, "")

    async def create(
        self,
        tenant: str,
        user: str | None = None,
        scopes: Iterable[str] = DEFAULT_SCOPES,
        name: str = "",
    ) -> tuple[str, str]:
        """Makes a key; returns its id and the full key, which nobody can read again.

        Raises:
            InvalidRequest: a scope is unknown, or a name is empty, too long or not printable.
        """
        key = Key(
            secrets.token_hex(8),
            checked_name("tenant", tenant),
            checked_user(user) if user is not None else None,
            _checked_scopes(scopes),
            datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
            name and checked_name("name", name),
        )
        secret = secrets.token_hex(24)
        with translated():
            await self._redis.hset(API_KEYS, key.id, _record(key, _digest(secret)))
        return key.id, f"fd_{key.id}_{secret}"

    async def list(self) -> tuple[Key, ...]:
        """All keys, oldest first."""
        with translated():
            records = await self._redis.hvals(API_KEYS)
        return tuple(sorted((_read(raw)[0] for raw in records), key=lambda key: key.created))

    async def revoke(self, key_id: str) -> bool:
        """Ends a key; false when there is none of this id."""
        with translated():
            return bool(await self._redis.hdel(API_KEYS, key_id))

    async def find(self, token: str) -> Key | None:
        """The key that this token is, or None. Takes the same steps whether the id exists or not,
        so that time does not tell which ids do.
        """
        key_id, secret = _parts(token)
        with translated():
            raw = await self._redis.hget(API_KEYS, key_id)
        key, digest = _read(raw or self._nobody)
        right = hmac.compare_digest(digest.encode(), _digest(secret).encode())
        return key if right and key.id else None

    async def any(self) -> bool:
        """Whether a key exists, so that callers need one."""
        with translated():
            return bool(await self._redis.hlen(API_KEYS))


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


def _record(key: Key, digest: str) -> bytes:
    return orjson.dumps({**asdict(key), "scopes": sorted(key.scopes), "sha256": digest})


def _read(raw: bytes | str) -> tuple[Key, str]:
    data = orjson.loads(raw)
    digest = data.pop("sha256")
    return Key(**{**data, "scopes": frozenset(data["scopes"])}), digest
