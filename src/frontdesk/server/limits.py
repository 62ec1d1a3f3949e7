"""The limits of the door: requests in a minute, and streams open at once."""

import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from redis.asyncio import Redis
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from frontdesk.budget.limits import MINUTE_MS, Limit, Limiter
from frontdesk.budget.slots import Slots
from frontdesk.config import Settings, load_secret
from frontdesk.contract.keys import DEPLOYMENT, address_of, limit_key, owner_of, tenant_of
from frontdesk.contract.messages import UNLIMITED, Caller
from frontdesk.server.addresses import counted_as


class Limits:
    """Asked by every route, after it is known who asks."""

    def __init__(self, redis: Redis, settings: Settings) -> None:
        self._secret = load_secret(settings)
        self._settings = settings
        self._limiter = Limiter(redis)
        self._streams = Slots(self._limiter, settings.lease_s)

    @asynccontextmanager
    async def keeping(self) -> AsyncIterator["Limits"]:
        """Renews the slots of open streams, inside."""
        async with self._streams.keeping():
            yield self

    async def count(self, request: Request, caller: Caller) -> None:
        """Counts one request.

        Raises:
            RateLimited: there were too many within a minute.
            StoreUnavailable: Redis does not answer or takes no writes.
        """
        most = self._settings
        mosts = (
            most.requests_per_user,
            most.requests_per_tenant,
            most.requests_per_address,
            most.requests_total,
        )
        await self._limiter.take(self._limits(request, caller, "requests", mosts, MINUTE_MS))

    async def stream(self, request: Request, caller: Caller) -> None:
        """A slot for the stream that this request is about to open, until its answer has ended.

        Raises:
            RateLimited: too many are open.
            StoreUnavailable: Redis does not answer or takes no writes.
        """
        most = self._settings
        mosts = (most.streams_per_user, 0, most.streams_per_address, most.streams_total)
        member = secrets.token_hex(8)
        await self._streams.take(self._limits(request, caller, "streams", mosts), member)
        ending: AsyncExitStack = request.state.ending
        ending.push_async_callback(self._streams.leave, member)

    def _limits(
        self,
        request: Request,
        caller: Caller,
        of_what: str,
        mosts: tuple[int, int, int, int],
        window_ms: int = 0,
    ) -> Sequence[Limit]:
        if UNLIMITED in caller.scopes:
            return ()
        secret, tenant = self._secret, tenant_of(self._secret, caller.tenant)
        user = owner_of(secret, caller.tenant, caller.user)
        address = address_of(secret, counted_as(request.client.host if request.client else ""))
        found = (
            (f"{of_what} of one user", limit_key(tenant, of_what, user)),
            (f"{of_what} of one tenant", limit_key(tenant, of_what)),
            (f"{of_what} from one address", limit_key(DEPLOYMENT, of_what, address)),
            (of_what, limit_key(DEPLOYMENT, of_what)),
        )
        named = zip(found, mosts, strict=True)
        return tuple(Limit(what, key, most, window_ms) for (what, key), most in named if most)


class Endings:
    """What a request holds is given back when its answer has ended, however it ends."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request (ASGI)."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        async with AsyncExitStack() as ending:
            scope.setdefault("state", {})["ending"] = ending
            await self.app(scope, receive, send)
