"""Users' own tokens: JSON Web Tokens (RFC 7519) of the configured issuer, or of a shared secret."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

import jwt

from frontdesk.config import Settings
from frontdesk.contract.errors import InvalidRequest, SettingsError
from frontdesk.contract.messages import Caller
from frontdesk.server.api_keys import ACT_AS_USER, DEFAULT_SCOPES, checked_name, checked_user
from frontdesk.server.issuer import checked_url, open_issuer

PUBLIC_KEY_ALGORITHMS = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
)
LEEWAY_S = 60
MOST_CHARS = 8192
SECRET_BYTES = 32
CLAIMS = ("iss", "aud", "exp", "sub")

VerifyingKey: TypeAlias = jwt.PyJWK | bytes
FindKey: TypeAlias = Callable[[str | None], Awaitable[VerifyingKey | None]]


@dataclass(frozen=True, slots=True)
class TokenRules:
    """What a token must be, and whom it speaks for. The algorithms are the configuration's: the
    token's own word counts only if it is among them (RFC 8725 section 3.1).
    """

    issuer: str
    audience: str
    algorithms: frozenset[str]
    tenant: str
    tenant_claim: str | None
    scopes_claim: str | None

    def claims(self, token: str, key: VerifyingKey) -> dict[str, Any] | None:
        """The claims of a token that this key has signed and whose time it is, else None."""
        try:
            return jwt.decode(
                token,
                key,
                algorithms=list(self.algorithms),
                audience=self.audience,
                issuer=self.issuer,
                leeway=LEEWAY_S,
                options={"require": list(CLAIMS), "enforce_minimum_key_length": True},
            )
        except jwt.PyJWTError:
            return None

    def caller(self, claims: Mapping[str, Any]) -> Caller | None:
        """Whom the claims name, or None where they name nobody who could be a user here."""
        tenant = claims.get(self.tenant_claim) if self.tenant_claim else self.tenant
        if not isinstance(tenant, str):
            return None
        try:
            user = checked_user(claims["sub"])
            return Caller(checked_name("tenant", tenant), user, self._scopes(claims))
        except InvalidRequest:
            return None

    def _scopes(self, claims: Mapping[str, Any]) -> frozenset[str]:
        if self.scopes_claim is None:
            return DEFAULT_SCOPES
        said = claims.get(self.scopes_claim, ())
        names = said.split() if isinstance(said, str) else said  # RFC 8693 4.2, or a list
        given = frozenset(n for n in names if isinstance(n, str)) if _listed(names) else frozenset()
        return given - {ACT_AS_USER}  # a token speaks for its own user only


@dataclass(frozen=True, slots=True)
class Tokens:
    """Tells whom a token speaks for."""

    rules: TokenRules
    key: FindKey

    async def caller(self, token: str) -> Caller | None:
        """The user of a valid token, else None.

        Raises:
            IssuerUnavailable: the issuer does not answer, and its keys are not known.
        """
        header = _header(token)
        if header is None or header.get("alg") not in self.rules.algorithms:
            return None
        key = await self.key(header.get("kid"))
        claims = self.rules.claims(token, key) if key is not None else None
        return self.rules.caller(claims) if claims is not None else None


def token_rules(settings: Settings) -> TokenRules | None:
    """The rules that the settings make; None where tokens are not taken.

    Raises:
        SettingsError: they are not complete, or contradict each other.
    """
    if settings.jwt_issuer is None:
        if settings.jwt_secret or settings.jwt_audience:
            raise SettingsError("FRONTDESK_JWT_ISSUER is missing: tokens need all of `iss`, `aud`.")
        return None
    if settings.jwt_audience is None:
        raise SettingsError(
            "FRONTDESK_JWT_ISSUER needs FRONTDESK_JWT_AUDIENCE: without it, a token that the "
            "issuer made for any other service would open this one."
        )
    return TokenRules(
        settings.jwt_issuer,
        settings.jwt_audience,
        _algorithms(settings),
        checked_name("tenant", settings.jwt_tenant),
        settings.jwt_tenant_claim,
        settings.jwt_scopes_claim,
    )


@asynccontextmanager
async def open_tokens(settings: Settings) -> AsyncIterator[Tokens | None]:
    """What reads tokens, for as long as the process serves; None where none are taken.

    Raises:
        SettingsError: as `token_rules`.
    """
    rules = token_rules(settings)
    if rules is None:
        yield None
    elif settings.jwt_secret:
        secret = settings.jwt_secret.get_secret_value().encode()

        async def shared(_kid: str | None) -> VerifyingKey:
            return secret

        yield Tokens(rules, shared)
    else:
        async with open_issuer(rules.issuer) as issuer:
            yield Tokens(rules, issuer.key)


def _algorithms(settings: Settings) -> frozenset[str]:
    if settings.jwt_secret:
        if "jwt_algorithms" in settings.model_fields_set and settings.jwt_algorithms != ("HS256",):
            raise SettingsError("FRONTDESK_JWT_SECRET works with the algorithm HS256 only.")
        if len(settings.jwt_secret.get_secret_value().encode()) < SECRET_BYTES:
            raise SettingsError(f"FRONTDESK_JWT_SECRET must have {SECRET_BYTES} bytes or more.")
        return frozenset({"HS256"})
    checked_url(settings.jwt_issuer or "")
    chosen = frozenset(settings.jwt_algorithms)
    if not chosen or chosen - PUBLIC_KEY_ALGORITHMS:
        known = ", ".join(sorted(PUBLIC_KEY_ALGORITHMS))
        raise SettingsError(
            f"FRONTDESK_JWT_ALGORITHMS are among {known}; HS256 needs FRONTDESK_JWT_SECRET."
        )
    return chosen


def _header(token: str) -> dict[str, Any] | None:
    if len(token) > MOST_CHARS:
        return None
    try:
        return jwt.get_unverified_header(token)
    except jwt.PyJWTError:
        return None


def _listed(names: object) -> bool:
    return isinstance(names, list | tuple)
