"""What users and tenants have used, added up day by day beside the turns."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Literal

import structlog
from redis.asyncio import Redis

from frontdesk.contract.context import TurnContext
from frontdesk.contract.errors import FrontdeskError
from frontdesk.contract.keys import OwnerKeys, owner_of
from frontdesk.contract.turns import ModelUse, Receipt, TurnResult
from frontdesk.contract.usage import COUNTS, Used
from frontdesk.sessions.connection import translated
from frontdesk.sessions.scripts import Scripts

MOST_DAYS = 400
NONE = "none"
"""What stands for the rung of a turn that came to none, and for the agent where none answered."""
PICO = 10**12

Group = Literal["rung", "agent", "model", "day"]
Table = Mapping[str, Used]
"""Sums by name."""

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Day:
    """The sums of one day (UTC): `tables` by rung, agent and model; of a tenant also by user."""

    day: date
    tables: Mapping[str, Table]

    def total(self) -> Used:
        """All of it: every turn has one rung."""
        return sum(self.tables.get("rung", {}).values(), Used())


class Usage:
    """The sums of all owners and their tenants; each day's are kept `keep_s` seconds.

    A turn is added after its commit, so that neither waits for the other: a process that dies in
    between loses that turn's sum, and no turn is added twice.
    """

    def __init__(self, redis: Redis, scripts: Scripts, secret: bytes, keep_s: int) -> None:
        self._redis, self._scripts, self._secret = redis, scripts, secret
        self._keep_s = keep_s

    def tenant(self, tenant: str) -> str:
        """Under whom a tenant's sums are."""
        return owner_of(self._secret, tenant, "")

    async def count(self, context: TurnContext, result: TurnResult) -> None:
        """Adds a turn that has ended. A turn does not fail because it cannot be counted."""
        uses = result.receipt.by_model if result.receipt else ()
        rung = result.rung or NONE
        lines = _lines(uses, rung)
        models = {f"model|{use.model}" for use in uses}
        for field in {f"rung|{rung}", f"agent|{result.agent or NONE}", *models}:
            lines[field] += Used(turns=1)
        await self._add(context, context.turn_id, lines)

    async def count_beside(self, context: TurnContext, receipt: Receipt, what: str) -> None:
        """Adds what was done for a turn beside it, and is none: `what` stands for the rung."""
        await self._add(context, f"{context.turn_id}:{what}", _lines(receipt.by_model, what))

    async def read(self, owner: str, first: date, last: date) -> tuple[Day, ...]:
        """The days of an owner or a tenant on which something was used, oldest first.

        Raises:
            StoreUnavailable: Redis does not answer.
        """
        days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
        pipe = self._redis.pipeline(transaction=False)
        for day in days:
            pipe.hgetall(OwnerKeys(owner).usage(day.isoformat()))
        with translated():
            found: list[Mapping[bytes, bytes]] = await pipe.execute()
        return tuple(_day(day, stored) for day, stored in zip(days, found, strict=True) if stored)

    async def _add(self, context: TurnContext, what: str, lines: Mapping[str, Used]) -> None:
        owner = owner_of(self._secret, context.tenant, context.user)
        told = {field: _written(used) for field, used in lines.items()}
        whole = sum((used for field, used in lines.items() if field.startswith("rung|")), Used())
        users = {f"user|{owner}": f"{_written(whole)}|{context.user}"}
        tenant = self.tenant(context.tenant)
        await asyncio.gather(
            self._count(owner, [what, "last"], told),
            self._count(tenant, [what, f"last|{owner}"], told | users),
        )

    async def _count(self, holder: str, mark: list[str], told: Mapping[str, str]) -> None:
        day = OwnerKeys(holder).usage(datetime.now(UTC).date().isoformat())
        pairs = [part for pair in told.items() for part in pair]
        try:
            await self._scripts.run("usage", ([day], [self._keep_s, *mark, *pairs]))
        except FrontdeskError as error:
            logger.warning("usage.lost", code=error.code)


async def forget_user(redis: Redis, tenant: str, owner: str) -> int:
    """Takes an owner out of the sums by user of the tenant; how many went. What the tenant used
    stays.
    """
    today, pipe = datetime.now(UTC).date(), redis.pipeline(transaction=False)
    for back in range(-1, MOST_DAYS + 1):
        key = OwnerKeys(tenant).usage((today - timedelta(days=back)).isoformat())
        pipe.hdel(key, f"user|{owner}", f"last|{owner}")
    with translated():
        return sum(1 for count in await pipe.execute() if count)


def _lines(uses: Iterable[ModelUse], rung: str) -> dict[str, Used]:
    """What is added, by table and name."""
    lines: dict[str, Used] = defaultdict(Used)
    for use in uses:
        for field in (f"rung|{rung}", f"agent|{use.agent}", f"model|{use.model}"):
            lines[field] += _used(use)
    return lines


def _used(use: ModelUse) -> Used:
    return Used(
        0,
        use.calls,
        use.input_tokens,
        use.cached_tokens,
        use.output_tokens,
        use.reasoning_tokens,
        use.cost_usd or "0",
        0 if use.cost_usd else use.calls,
    )


def _written(used: Used) -> str:
    """The numbers in the order of the fields, money in millionths of a millionth of a dollar."""
    counts = (getattr(used, name) for name in COUNTS)
    return " ".join(map(str, (*counts, int(Decimal(used.cost_usd) * PICO))))


def _read(stored: bytes) -> tuple[Used, str]:
    """The sums, and what stands after them."""
    numbers, _, name = stored.decode().partition("|")
    *counts, pico = map(int, numbers.split())
    cost = (Decimal(pico) / PICO).normalize()
    return Used(**dict(zip(COUNTS, counts, strict=True)), cost_usd=f"{cost:f}"), name


def _day(day: date, stored: Mapping[bytes, bytes]) -> Day:
    tables: dict[str, dict[str, Used]] = defaultdict(dict)
    for field, value in stored.items():
        table, _, name = field.decode().partition("|")
        if table != "last":
            used, user = _read(value)
            tables[table][user or name] = used
    return Day(day, tables)
