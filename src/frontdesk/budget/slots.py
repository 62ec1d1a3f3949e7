"""Slots that this process holds: leases in Redis, renewed for as long as what holds them lives."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import structlog

from frontdesk.budget.limits import Limit, Limiter
from frontdesk.contract.errors import StoreUnavailable
from frontdesk.sessions.tasks import Tasks

MOST_AT_ONCE = 100

logger = structlog.get_logger(__name__)


class Slots:
    """The slots by who holds them. When this process dies they get free after `lease_s`."""

    def __init__(self, limiter: Limiter, lease_s: float) -> None:
        self._limiter = limiter
        self._lease_s = lease_s
        self._lease_ms = round(lease_s * 1000)
        self._held: dict[str, Sequence[Limit]] = {}

    def __len__(self) -> int:
        """How many hold slots here."""
        return len(self._held)

    def __contains__(self, member: str) -> bool:
        """Whether this one does."""
        return member in self._held

    async def take(self, limits: Sequence[Limit], member: str) -> bool:
        """A slot of each limit for the member, until it leaves; false when it has them already,
        here or elsewhere.

        Raises:
            RateLimited: there is none left.
            StoreUnavailable: Redis does not answer or takes no writes.
        """
        if member in self._held or not await self._limiter.take(limits, member, self._lease_ms):
            return False
        self._held[member] = limits
        return True

    async def claim(self, limits: Sequence[Limit], member: str) -> None:
        """Slots for what must run now: beyond the limits if need be. If Redis does not answer, the
        next renewal takes them.
        """
        self._held[member] = limits
        await self._renew([member])

    async def leave(self, member: str) -> None:
        """Gives the member's slots back. If Redis does not answer now, their leases run out."""
        limits = self._held.pop(member, ())
        try:
            await self._limiter.leave(limits, member)
        except StoreUnavailable:
            logger.warning("slots.not_left")

    @asynccontextmanager
    async def keeping(self) -> AsyncIterator[None]:
        """Renews what is held, inside."""
        tasks = Tasks()
        tasks.spawn(self._keep())
        try:
            yield
        finally:
            await tasks.settle(0)

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(self._lease_s / 3)
            members = list(self._held)
            for first in range(0, len(members), MOST_AT_ONCE):
                await self._renew(members[first : first + MOST_AT_ONCE])

    async def _renew(self, members: Sequence[str]) -> None:
        try:
            await asyncio.gather(*(self._renew_one(member) for member in members))
        except StoreUnavailable:
            logger.warning("slots.not_renewed")

    async def _renew_one(self, member: str) -> None:
        if limits := self._held.get(member):
            await self._limiter.renew(limits, member, self._lease_ms)
            if member not in self._held:  # it has left meanwhile
                await self._limiter.leave(limits, member)
