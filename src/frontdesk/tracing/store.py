"""Where traces are kept: one value per turn under its owner, for as long as the settings say."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError
from structlog.contextvars import bound_contextvars

from frontdesk.contract.context import TurnContext
from frontdesk.contract.errors import NotFound, StoreUnavailable
from frontdesk.contract.keys import OwnerKeys, owner_of
from frontdesk.contract.turns import Receipt, TurnResult
from frontdesk.tracing.metrics import TurnMetrics
from frontdesk.tracing.spans import Spans
from frontdesk.tracing.trace import Trace, make_trace, packed, unpacked

Count: TypeAlias = Callable[[TurnContext, TurnResult], Awaitable[None]]
"""Adds an ended turn to some sum; it does not fail."""

logger = structlog.get_logger(__name__)


class Traces:
    """Collects, keeps and finds the traces of turns; `ttl_s` is how long one is kept, in
    seconds. Each of `counts` is told of every turn that has ended, and so
    are the `metrics`.
    """

    def __init__(
        self,
        redis: Redis,
        secret: bytes,
        ttl_s: int,
        spans: Spans,
        counts: Iterable[Count] = (),
    ) -> None:
        self._redis, self._secret, self._ttl_s, self._spans = redis, secret, ttl_s, spans
        self.metrics = TurnMetrics()
        self._counts = (self.metrics.count, *counts)

    @contextmanager
    def collect(self, context: TurnContext) -> Iterator[None]:
        """Marks every log line of this turn with its ids, and takes its SDK spans into the
        ledger.
        """
        marks = {
            "tenant_hash": owner_of(self._secret, context.tenant, "")[:16],
            "session_id": context.session_id,
            "turn_id": context.turn_id,
        }
        if context.message.request_id:
            marks["request_id"] = context.message.request_id
        with bound_contextvars(**marks), self._spans.collecting(context.turn_id, context.ledger):
            yield

    async def keep(self, context: TurnContext, result: TurnResult) -> None:
        """Keeps the trace of an ended turn and writes the turn's line into the log. A turn does not
        fail because its trace cannot be kept.
        """
        _tell(context, result)
        keys = OwnerKeys(owner_of(self._secret, context.tenant, context.user))
        data = packed(make_trace(context, result))
        await asyncio.gather(
            self._write(keys.trace(context.turn_id), data),
            *(count(context, result) for count in self._counts),
        )

    async def _write(self, key: str, data: bytes) -> None:
        try:
            await self._redis.set(key, data, ex=self._ttl_s)
        except RedisError as error:
            logger.warning("trace.lost", error=type(error).__name__)

    async def load(self, owner: str, turn_id: str) -> Trace:
        """The trace of one of the owner's turns.

        Raises:
            NotFound: the owner has no such turn, or its trace is no longer kept.
            StoreUnavailable: Redis does not answer.
        """
        try:
            data = await self._redis.get(OwnerKeys(owner).trace(turn_id))
        except RedisError as error:
            raise StoreUnavailable("The traces cannot be read now; try again.") from error
        if data is None:
            raise NotFound("There is no trace of this turn; traces are kept for a limited time.")
        return unpacked(data)


def _tell(context: TurnContext, result: TurnResult) -> None:
    facts: dict[str, object] = {
        "status": result.status,
        "rung": result.rung,
        "agent": result.agent,
        "channel": context.message.channel,
        "code": result.error.code if result.error else None,
        **(_costs(result.receipt) if result.receipt else {}),
    }
    logger.info("turn", **facts)


def _costs(receipt: Receipt) -> dict[str, object]:
    return {
        "ms": receipt.total_ms,
        "model_calls": receipt.model_calls,
        "input_tokens": receipt.input_tokens,
        "cached_tokens": receipt.cached_tokens,
        "output_tokens": receipt.output_tokens,
        "cost_usd": receipt.cost_usd,
    }
