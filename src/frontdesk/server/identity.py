"""Who is calling: from the credential alone, never from the body."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import NoReturn

from redis.asyncio import Redis
from starlette.requests import Request

from frontdesk.config import Settings
from frontdesk.contract.errors import (
    Forbidden,
    FrontdeskError,
    InvalidRequest,
    RateLimited,
    SettingsError,
    Unauthorized,
)
from frontdesk.contract.messages import UNLIMITED, Caller
from frontdesk.server.addresses import counted_as
from frontdesk.server.api_keys import ACT_AS_USER, ApiKeys, checked_user
from frontdesk.server.audit import Audit
from frontdesk.server.loopback import check_site, is_loopback, stays_here
from frontdesk.server.open_webui import PLAIN_HEADER, front_end_secret, signed_user
from frontdesk.server.refusals import Refusals
from frontdesk.server.tokens import Tokens, open_tokens
from frontdesk.sessions.issued_keys import Key

USER_HEADER = "x-frontdesk-user"
APPROVE = "approve"
ADMIN = "admin"
NO_KEY = "none"
"""What clients say that cannot leave the key out, as those of OpenAI: the same as no key."""
LOCAL_SCOPES = frozenset({"chat", "read", ACT_AS_USER, UNLIMITED})


@dataclass(frozen=True, slots=True)
class Known:
    """A caller, and which credential says so, in the words of the audit log."""

    caller: Caller
    by: str


@dataclass(frozen=True, slots=True)
class Identity:
    """Tells who sends a request. `host` is the address that the server listens on; `front_end` the
    secret that is shared with Open WebUI.
    """

    keys: ApiKeys
    tokens: Tokens | None
    host: str
    front_end: bytes | None
    refusals: Refusals
    audit: Audit

    async def caller(self, request: Request, *scopes: str, named: bool = True) -> Caller:
        """The caller, who must have one of the scopes. Where it may be `approve`, a key with that
        scope may name the user. Where nothing is kept of a user (`named` is false), a key that acts
        for users need not say for whom.

        Raises:
            Unauthorized: a credential is missing, or it is not, or no longer, known.
            RateLimited: the same, too often from this address.
            IssuerUnavailable: a token cannot be checked now.
            Forbidden: the scope is missing, or a web page of another site asks.
            InvalidRequest: the user's name is malformed, or missing where the key has none.
        """
        known = await self._known(request, APPROVE in scopes, named)
        allowed = not known.caller.scopes.isdisjoint(scopes)
        if scopes == (ADMIN,):
            await self._note(request, known, allowed)
        if not allowed:
            wanted = " or ".join(f"`{scope}`" for scope in scopes)
            raise Forbidden(f"This needs a key with the scope {wanted}.")
        return known.caller

    async def _known(self, request: Request, approves: bool, named: bool) -> Known:
        token = _token(request) if "authorization" in request.headers else NO_KEY
        if token == NO_KEY:
            return Known(await self._local(request), "local")
        if key := await self.keys.find(token):
            user = self._user(request, key, approves, named)
            return Known(Caller(key.tenant, user, key.scopes, key.id), f"key:{key.id}")
        if self.tokens and (caller := await self.tokens.caller(token)):
            if USER_HEADER in request.headers:
                raise _may_not_name()
            return Known(caller, f"user:{caller.tenant}/{caller.user}")
        raise await self._refusal(request)

    async def _local(self, request: Request) -> Caller:
        here = is_loopback(self.host) and stays_here(request)
        if not here or self.tokens or await self.keys.any():
            raise _unauthorized()
        check_site(request)
        return Caller("local", _named_user(request) or "local", LOCAL_SCOPES)

    def _user(self, request: Request, key: Key, approves: bool, named: bool) -> str:
        given, acts = _named_user(request), ACT_AS_USER in key.scopes
        if given is not None:
            if not (acts or (approves and APPROVE in key.scopes)):
                raise _may_not_name()
            return given
        own = key.user or f"key:{key.id}"
        if not (acts and named):
            return own
        if self.front_end is not None:
            return signed_user(request, self.front_end)
        return _front_end_user(request, key) or key.user or _unnamed()

    async def _refusal(self, request: Request) -> FrontdeskError:
        """What is said to somebody whose credential is not known. Whoever has a right one gets in,
        also beside somebody who guesses behind the same address.
        """
        address = counted_as(request.client.host if request.client else "unknown")
        refused = await self.refusals.count(f"address {address}")
        if refused.first_too_many:
            await self.audit.record("sign_in.limited", f"address:{address}")
        if refused.too_many:
            return RateLimited(
                "Too many wrong credentials came from this address.", retry_after_s=refused.again_s
            )
        return _unauthorized()

    async def _note(self, request: Request, known: Known, allowed: bool) -> None:
        """Writes down what is done, or refused, as an administrator; not what is only read."""
        if allowed and request.method in ("GET", "HEAD"):
            return
        if not allowed and (await self.refusals.count(f"admin {known.by}")).too_many:
            return
        route = getattr(request.scope.get("route"), "path", "")
        await self.audit.record(
            "admin.allowed" if allowed else "admin.refused",
            known.by,
            tenant=known.caller.tenant,
            route=f"{request.method} {route}",
            request_id=request.state.request_id,
        )


@asynccontextmanager
async def open_identity(settings: Settings, redis: Redis) -> AsyncIterator[Identity]:
    """What tells callers apart, for as long as the process serves.

    Raises:
        SettingsError: a setting of a credential is wrong, or everybody could come in.
    """
    await require_credential(settings, redis)
    keys, secret = ApiKeys(redis), front_end_secret(settings)
    async with open_tokens(settings) as tokens:
        yield Identity(keys, tokens, settings.host, secret, Refusals(redis), Audit(redis))


async def require_credential(settings: Settings, redis: Redis) -> None:
    """Refuses to serve others than this machine while nobody needs a credential.

    Raises:
        SettingsError: the server can be reached from outside, no API key exists and tokens of no
            issuer are taken.
    """
    open_to_all = not is_loopback(settings.host) and settings.jwt_issuer is None
    if open_to_all and not await ApiKeys(redis).any():
        raise SettingsError(
            f"FRONTDESK_HOST is {settings.host}, which others can reach, but no API key exists: "
            "anybody could chat. Make one: `frontdesk key create --tenant NAME`; or take tokens: "
            "FRONTDESK_JWT_ISSUER; or listen on 127.0.0.1."
        )


def _unnamed() -> NoReturn:
    # One history shared by all users of a backend that forgot the header would be a leak.
    raise InvalidRequest("This key acts for users: name the user in X-Frontdesk-User.")


def _may_not_name() -> Forbidden:
    return Forbidden("X-Frontdesk-User needs a key with the scope `act-as-user`.")


def _front_end_user(request: Request, key: Key) -> str | None:
    return _header_user(request, PLAIN_HEADER) if key.trusts_open_webui else None


def _named_user(request: Request) -> str | None:
    return _header_user(request, USER_HEADER)


def _header_user(request: Request, header: str) -> str | None:
    names = request.headers.getlist(header)
    if not names:
        return None
    if len(names) > 1:
        raise InvalidRequest(f"{header} is there more than once.")
    try:
        return checked_user(names[0].encode("latin-1").decode())
    except UnicodeDecodeError:
        raise InvalidRequest(f"{header} is not UTF-8.") from None


def _token(request: Request) -> str:
    values = request.headers.getlist("authorization")
    scheme, _, token = values[0].partition(" ")
    return token.strip() if scheme.lower() == "bearer" and len(values) == 1 else ""


def _unauthorized() -> Unauthorized:
    # The same words for a missing, a wrong, a revoked and an ended one: they tell a guesser nothing
    return Unauthorized(
        "A valid credential is needed: `Authorization: Bearer …` with an API key, which `frontdesk "
        "key create` makes, or with a token of the issuer that is configured, if one is."
    )
