"""How many turns run at once: of a user, of a tenant, of all, and in this process."""

from collections.abc import Sequence
from functools import partial

from frontdesk.budget.limits import Limit
from frontdesk.budget.pace import AGAIN_S, Pace
from frontdesk.budget.places import Place
from frontdesk.budget.slots import Slots
from frontdesk.config import Settings
from frontdesk.contract.context import Free, Spend, TurnContext
from frontdesk.contract.errors import Overloaded
from frontdesk.contract.keys import DEPLOYMENT, limit_key, owner_of, tenant_of
from frontdesk.contract.messages import UNLIMITED, Caller, Message
from frontdesk.sessions.drivers import Turn
from frontdesk.sessions.holds import Hold

PURSE = Free()


class Limited:
    """Admits a message where its turn may run. What a turn spends has no limit."""

    def __init__(self, slots: Slots, secret: bytes, settings: Settings) -> None:
        self._slots = slots
        self._secret = secret
        self._settings = settings
        self._pace = Pace()

    async def admit(self, message: Message) -> Place:
        """A place for the turn of this message.

        Raises:
            RateLimited: as many turns as may run at once do.
            Overloaded: as many run in this process as it takes.
            StoreUnavailable: Redis does not answer or takes no writes.
        """
        if len(self._slots) >= self._settings.turns_per_process:
            raise Overloaded(
                "This process runs as many turns as it can: try again in a moment.",
                retry_after_s=AGAIN_S,
            )
        member = self._member(message)
        if not await self._slots.take(self._limits(message.caller), member):
            return Place()  # the same message again, while its turn runs
        place = Place(partial(self._slots.leave, member))
        try:
            await self._pace.wait()
        except BaseException:
            await place.leave()
            raise
        return place

    def open(self, context: TurnContext) -> Spend:
        """A purse without a bottom."""
        return PURSE

    def counted(self, turn: Turn) -> Turn:
        """The turn, which keeps its place until it ends; one that nobody admitted here, since it
        waited in a queue or its process died, has one all the same.
        """

        async def turned(hold: Hold) -> Hold | None:
            following: Hold | None = None
            await self._claim(hold.message)
            try:
                following = await turn(hold)
            finally:
                if following:  # first, so that nobody else comes in between
                    await self._claim(following.message)
                await self._slots.leave(self._member(hold.message))
            return following

        return turned

    async def _claim(self, message: Message) -> None:
        member = self._member(message)
        if member not in self._slots:
            await self._slots.claim(self._limits(message.caller), member)

    def _member(self, message: Message) -> str:
        caller = message.caller
        return f"{owner_of(self._secret, caller.tenant, caller.user)}:{message.turn_id}"

    def _limits(self, caller: Caller) -> Sequence[Limit]:
        if UNLIMITED in caller.scopes:
            return ()
        mosts, tenant = self._settings, tenant_of(self._secret, caller.tenant)
        user = owner_of(self._secret, caller.tenant, caller.user)
        limits = (
            Limit("turns of one user", limit_key(tenant, "turns", user), mosts.turns_per_user),
            Limit("turns of one tenant", limit_key(tenant, "turns"), mosts.turns_per_tenant),
            Limit("turns", limit_key(DEPLOYMENT, "turns"), mosts.turns_total),
        )
        return tuple(limit for limit in limits if limit.most)
