"""Everything that is kept, sealed anew with the first key, while it is in use: after this, a key
that only opened can go.
"""

import re
from collections import Counter
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis

from frontdesk.contract.errors import BrokenRecord, SettingsError, StoreUnreadable
from frontdesk.sessions.connection import translated
from frontdesk.sessions.schema import load_turn
from frontdesk.sessions.sealing import Sealing, is_sealed, label_of

PAGE = 200
IN_CLEAR = "in the clear"
BROKEN = "broken"
WORDS = ("message", "result", "waits", "title", "metadata", "summary", "next_summary", "feedback")
"""The fields of sessions and turns that hold what somebody said, also before they were sealed."""
KEY = re.compile(
    r"fd:\{(?P<owner>\w+)\}:(?:(?P<hash>facts|responses:[^:]+|s:[^:]+:items"
    r"|t:[^:]+:(?:results|effects|pending|rounds))|(?P<fields>s:[^:]+:meta|t:[^:]+)"
    r"|(?P<list>s:[^:]+:(?:turns|broken))|(?P<string>cache:.+))"
)
"""Keys with sealed values, by how they are read. Event logs are not rewritten: they end soon, those
of turns that wait for a person with their approval.
"""
SWAP = """
-- KEYS: 1 a key  ARGV: 1 its type  2… place, old, new, again and again
-- ->  how many were swapped: what has changed since it was read stays as it is
local swapped, kind, key = 0, ARGV[1], KEYS[1]
local get = {hash = 'HGET', list = 'LINDEX'}
local set = {hash = 'HSET', list = 'LSET'}
for i = 2, #ARGV, 3 do
  local place, old, new = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  if kind == 'string' then
    if redis.call('GET', key) == old then
      redis.call('SET', key, new, 'KEEPTTL')
      swapped = swapped + 1
    end
  elseif redis.call(get[kind], key, place) == old then
    redis.call(set[kind], key, place, new)
    swapped = swapped + 1
  end
end
return swapped
"""

Values = Sequence[tuple[str | int, bytes]]
"""The values of a key, with their fields or places."""


@dataclass(frozen=True, slots=True)
class Resealed:
    """How many values were sealed anew, how many changed meanwhile, and how many could not be
    opened: by the id of the key that is missing, or as `broken`.
    """

    sealed: int
    changed: int
    closed: Mapping[str, int]


class Resealing:
    """Goes through what is kept of all owners in one Redis."""

    def __init__(self, redis: Redis, sealing: Sealing) -> None:
        self._redis, self._sealing = redis, sealing
        self._swap = redis.register_script(SWAP)

    async def count(self, most: int) -> Counter[str]:
        """How many values each key seals, by its id; of this many keys of Redis at most, and of a
        history its first and last turn.

        Raises:
            StoreUnavailable: Redis does not answer.
        """
        counted: Counter[str] = Counter()
        with translated():
            async with aclosing(self._keys()) as keys:
                async for key, known in keys:
                    counted.update(_key_of(raw) for raw in await self._sample(key, known))
                    most -= 1
                    if most <= 0:
                        break
        return counted

    async def run(self) -> Resealed:
        """Seals everything with the first key that is not. It may be run again at any time.

        Raises:
            SettingsError: there are no keys.
            StoreUnavailable: Redis does not answer; run it again.
        """
        if not self._sealing.key_ids:
            raise SettingsError(
                "FRONTDESK_ENCRYPTION_KEYS is not set: there is no key to seal with."
            )
        wanted, sealed, closed = 0, 0, Counter[str]()
        with translated():
            async for key, known in self._keys():
                async for page in self._pages(key, known):
                    told = self._anew(known, page, closed)
                    wanted += len(told) // 3
                    kind = "hash" if known["fields"] else str(known.lastgroup)
                    sealed += await self._swap(keys=[key], args=[kind, *told]) if told else 0
        return Resealed(sealed, wanted - sealed, closed)

    async def _keys(self) -> AsyncGenerator[tuple[str, re.Match[str]], None]:
        async for key in self._redis.scan_iter(match="fd:{*", count=PAGE):
            if known := KEY.fullmatch(key.decode()):
                yield known[0], known

    async def _pages(self, key: str, known: re.Match[str]) -> AsyncGenerator[Values, None]:
        redis: Any = self._redis
        if known["fields"] or known["hash"]:
            values = [(field.decode(), raw) for field, raw in (await redis.hgetall(key)).items()]
            every = known["hash"] is not None
            yield [v for v in values if v[1] and (every or v[0] in WORDS or is_sealed(v[1]))]
        elif known["string"]:
            yield [("", raw) for raw in [await redis.get(key)] if raw]
        else:
            first = 0
            while page := await redis.lrange(key, first, first + PAGE - 1):
                yield list(enumerate(page, first))
                first += len(page)

    async def _sample(self, key: str, known: re.Match[str]) -> list[bytes]:
        redis: Any = self._redis
        if known["list"]:
            ends = {await redis.lindex(key, end) for end in (0, -1)}  # they may be the same
            return [raw for raw in ends if raw]
        return [raw async for page in self._pages(key, known) for _, raw in page]

    def _anew(
        self, known: re.Match[str], values: Values, closed: Counter[str]
    ) -> list[str | int | bytes]:
        """What `SWAP` is told of those that are not sealed with the first key."""
        seal, told = self._sealing.of(known["owner"]), list[str | int | bytes]()
        for place, raw in values:
            if _key_of(raw) == self._sealing.key_ids[0]:
                continue
            try:
                plain = seal.open(raw)
            except (StoreUnreadable, BrokenRecord) as error:
                closed[_key_of(raw) if isinstance(error, StoreUnreadable) else BROKEN] += 1
                continue
            told += (place, raw, seal.seal(plain, _name(known, raw)))
        return told


def _key_of(raw: bytes) -> str:
    if not is_sealed(raw):
        return IN_CLEAR
    try:
        return label_of(raw).key_id
    except BrokenRecord:
        return BROKEN


def _name(known: re.Match[str], raw: bytes) -> str:
    if is_sealed(raw):
        return label_of(raw).name
    return load_turn(raw).id if known["list"] else ""
