"""Long tool results, kept beside the history: models get a preview, and read on by its handle."""

import secrets
from codecs import getincrementaldecoder
from typing import Any

from redis.asyncio import Redis

from frontdesk.config import Settings
from frontdesk.contract.context import TurnContext
from frontdesk.contract.keys import OwnerKeys, owner_of
from frontdesk.contract.turns import TurnRecord
from frontdesk.sessions.connection import translated
from frontdesk.sessions.previews import MESSAGE, READ_RESULT, handle_of, preview
from frontdesk.sessions.schema import load_turn
from frontdesk.sessions.sealing import open_sealing

MOST_KEPT = 1_048_576
GONE = "There is no result under this handle, or it is not kept any more."
KEEP = """
-- KEYS: turn, its results  ARGV: name, text, seconds to keep. A forgotten turn keeps nothing.
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
return redis.call('EXPIRE', KEYS[2], ARGV[3])
"""


class Results:
    """The tool results of a deployment. Nobody reads another owner's, nor another session's."""

    def __init__(self, redis: Redis, secret: bytes, settings: Settings) -> None:
        self._redis = redis
        self._secret = secret
        self._most = settings.max_result_bytes
        self._keep_s = settings.session_ttl_s
        self._sealing = open_sealing(settings)
        self._keep = redis.register_script(KEEP)

    async def fit(self, text: str, context: TurnContext) -> str:
        """The result as a model gets it: itself, or its preview when it is too long; then its first
        `MOST_KEPT` bytes are kept.

        Raises:
            StoreUnavailable: Redis does not answer.
        """
        data = text.encode(errors="replace")
        if len(data) <= self._most:
            return text
        kept = data[:MOST_KEPT].decode(errors="ignore")
        keys, name = self._keys(context), f"r{secrets.token_hex(4)}"
        keyed = [keys.turn(context.turn_id), keys.results(context.turn_id)]
        sealed = self._sealing.of(keys.owner).seal(kept.encode())
        with translated():
            await self._keep(keys=keyed, args=[name, sealed, self._keep_s])
        return preview(kept, handle_of(context.turn_id, name))

    async def read(self, context: TurnContext, handle: str, offset: int) -> str:
        """The result from this byte on, half as much as one may be at once; a handle of another
        session is as good as none.

        Raises:
            StoreUnavailable: Redis does not answer.
        """
        data = await self._find(context, *handle.partition(".")[::2])
        if data is None:
            return GONE
        decoder = getincrementaldecoder("utf-8")("ignore")
        begin = min(max(offset, 0), len(data))
        piece = data[begin : begin + self._most // 2]
        text = decoder.decode(piece)
        end = begin + len(piece) - len(decoder.getstate()[0])
        if end >= len(data):
            return f"{text}\n[End of the result.]"
        more = f'{READ_RESULT}(handle="{handle}", offset={end})'
        return f"{text}\n[… to byte {end} of {len(data)}. To read on: {more}]"

    async def _find(self, context: TurnContext, turn_id: str, name: str) -> bytes | None:
        """What is kept under the name, else the output of the call of this id in the history, or
        the turn's message.
        """
        if (turn_id, name) == (context.turn_id, MESSAGE):
            return context.text.encode(errors="replace")
        keys, session_id = self._keys(context), context.session_id
        seal = self._sealing.of(keys.owner)
        with translated():
            pipe = self._redis.pipeline(transaction=False)
            pipe.hmget(keys.turn(turn_id), "session", "place")
            pipe.hget(keys.results(turn_id), name)
            pipe.hget(keys.session(session_id, "meta"), "base")
            (session, place), kept, base = await pipe.execute()
            if session != session_id.encode():
                return None
            index = int(place or -1) - int(base or 0)
            if kept is not None or index < 0:
                return None if kept is None else seal.open(kept)
            element: Any = await self._redis.lindex(keys.session(session_id, "turns"), index)
        return _output(load_turn(seal.open(element)), name) if element else None

    def _keys(self, context: TurnContext) -> OwnerKeys:
        return OwnerKeys(owner_of(self._secret, context.tenant, context.user))


def _output(record: TurnRecord, call_id: str) -> bytes | None:
    if call_id == MESSAGE:
        return record.user.encode(errors="replace")
    for item in record.items:
        output = item.get("output")
        if item.get("call_id") == call_id and isinstance(output, str):
            return output.encode(errors="replace")
    return None
