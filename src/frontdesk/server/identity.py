"""Who is calling: from the credential alone, never from the body."""

from dataclasses import dataclass

from starlette.requests import Request

from frontdesk.contract.errors import Forbidden, InvalidRequest, SettingsError, Unauthorized
from frontdesk.contract.messages import Caller
from frontdesk.server.api_keys import ApiKeys, Key, checked_user
from frontdesk.server.loopback import check_site, is_loopback, stays_here

USER_HEADER = "x-frontdesk-user"
ACT_AS_USER = "act-as-user"
APPROVE = "approve"
LOCAL_SCOPES = frozenset({"chat", "read", ACT_AS_USER})


@dataclass(frozen=True, slots=True)
class Identity:
    """Tells who sends a request. `host` is the address that the server listens on."""

    keys: ApiKeys
    host: str

    async def caller(self, request: Request, *scopes: str) -> Caller:
        """The caller, who must have one of the scopes. Where it may be `approve`, a key with that
        scope may name the user.

        Raises:
            Unauthorized: a credential is missing, or it is not, or no longer, known.
            Forbidden: the scope is missing, or a web page of another site asks.
            InvalidRequest: the user's name is malformed, or missing where the key has none.
        """
        presented, approves = _presented(request), APPROVE in scopes
        found = await (self._known(request, approves) if presented else self._local(request))
        if not found.scopes.intersection(scopes):
            known = " or ".join(f"`{scope}`" for scope in scopes)
            raise Forbidden(f"This needs a key with the scope {known}.")
        return found

    async def _known(self, request: Request, approves: bool) -> Caller:
        key = await self.keys.find(_token(request))
        if key is None:
            raise _unauthorized()
        names = ACT_AS_USER in key.scopes or (approves and APPROVE in key.scopes)
        return Caller(key.tenant, _user(key, _named_user(request), names), key.scopes)

    async def _local(self, request: Request) -> Caller:
        here = is_loopback(self.host) and stays_here(request)
        if not here or await self.keys.any():
            raise _unauthorized()
        check_site(request)
        return Caller("local", _named_user(request) or "local", LOCAL_SCOPES)


async def require_credential(host: str, keys: ApiKeys) -> None:
    """Refuses to serve others than this machine while nobody needs a credential.

    Raises:
        SettingsError: `host` can be reached from outside and no API key exists.
    """
    if not is_loopback(host) and not await keys.any():
        raise SettingsError(
            f"FRONTDESK_HOST is {host}, which others can reach, but no API key exists: anybody "
            "could chat. Make one: `frontdesk key create --tenant NAME`; or listen on 127.0.0.1."
        )


def _user(key: Key, named: str | None, names: bool) -> str:
    if named is None:
        if key.user is None and ACT_AS_USER in key.scopes:
            # One history shared by all users of a backend that forgot the header would be a leak.
            raise InvalidRequest("This key acts for users: name the user in X-Frontdesk-User.")
        return key.user or f"key:{key.id}"
    if not names:
        raise Forbidden("X-Frontdesk-User needs a key with the scope `act-as-user`.")
    return named


def _named_user(request: Request) -> str | None:
    names = request.headers.getlist(USER_HEADER)
    if not names:
        return None
    if len(names) > 1:
        raise InvalidRequest("X-Frontdesk-User is there more than once.")
    try:
        return checked_user(names[0].encode("latin-1").decode())
    except UnicodeDecodeError:
        raise InvalidRequest("X-Frontdesk-User is not UTF-8.") from None


def _presented(request: Request) -> bool:
    return "authorization" in request.headers


def _token(request: Request) -> str:
    values = request.headers.getlist("authorization")
    scheme, _, token = values[0].partition(" ")
    return token.strip() if scheme.lower() == "bearer" and len(values) == 1 else ""


def _unauthorized() -> Unauthorized:
    # The same words for a missing, a wrong and a revoked key: they tell a guesser nothing.
    return Unauthorized(
        "A valid API key is needed: `Authorization: Bearer fd_…`; `frontdesk key create` makes one."
    )
