"""The keys of an OpenID provider: found by discovery, kept, fetched again when they change."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

import httpx2
import jwt
import orjson
import structlog

from frontdesk.contract.errors import IssuerUnavailable, SettingsError
from frontdesk.server.loopback import is_loopback

DISCOVERY = "/.well-known/openid-configuration"
WITHIN_S = 5.0
MOST_BYTES = 262_144
PAUSE_S = 10.0
REFRESH_S = 600.0

logger = structlog.get_logger(__name__)


class Issuer:
    """One provider (OpenID Connect Discovery 1.0) and its public keys (RFC 7517).

    Keys are fetched when the first token comes, again every ten minutes, and when a token names one
    that is not known; not more often than once in `pause_s`. While the provider does not answer,
    the keys that are known go on.
    """

    def __init__(self, http: httpx2.AsyncClient, url: str, pause_s: float = PAUSE_S) -> None:
        self._http = http
        self._url = url
        self._pause_s = pause_s
        self._keys: tuple[jwt.PyJWK, ...] = ()
        self._tried: float | None = None
        self._failed = False
        self._fetching = asyncio.Lock()

    async def key(self, kid: str | None) -> jwt.PyJWK | None:
        """The key of this id; without an id the only key (OpenID Connect Core 10.1).

        Raises:
            IssuerUnavailable: it is not known, and the provider cannot be asked.
        """
        known = self._find(kid)
        if known is None:
            await self._fetch_again()
            known = self._find(kid)
        if known is None and self._failed:
            raise IssuerUnavailable(
                "The issuer of tokens does not answer, and the key of this token is not known yet; "
                "try again in a moment.",
                retry_after_s=round(self._pause_s),
            )
        return known

    async def refresh(self) -> None:
        """Fetches the keys every ten minutes, once a first token was there. Runs until it is
        cancelled.
        """
        while True:
            await asyncio.sleep(REFRESH_S)
            if self._tried is not None:
                await self._fetch_again()

    def _find(self, kid: str | None) -> jwt.PyJWK | None:
        if kid is None:
            return self._keys[0] if len(self._keys) == 1 else None
        return next((key for key in self._keys if key.key_id == kid), None)

    async def _fetch_again(self) -> None:
        async with self._fetching:
            if self._tried is not None and time.monotonic() - self._tried < self._pause_s:
                return
            try:
                async with asyncio.timeout(WITHIN_S):
                    self._keys = await self._fetched()
                self._failed = False
            except (httpx2.HTTPError, jwt.PyJWTError, ValueError, TimeoutError) as error:
                self._failed = True
                logger.warning("issuer.failed", error=type(error).__name__, issuer=self._url)
            finally:
                self._tried = time.monotonic()

    async def _fetched(self) -> tuple[jwt.PyJWK, ...]:
        found = await self._document(self._url.rstrip("/") + DISCOVERY)
        if found.get("issuer") != self._url:  # Discovery 4.3: it must be the same, to the letter
            raise ValueError("another issuer")
        place = found.get("jwks_uri")
        if not isinstance(place, str) or not _is_safe(place):
            raise ValueError("no safe place of keys")
        keys = jwt.PyJWKSet.from_dict(await self._document(place)).keys
        return tuple(key for key in keys if key.public_key_use != "enc" and key.key_type != "oct")

    async def _document(self, url: str) -> dict[str, Any]:
        async with self._http.stream("GET", url) as answer:
            answer.raise_for_status()
            body = b""
            async for piece in answer.aiter_bytes():
                body += piece
                if len(body) > MOST_BYTES:
                    raise ValueError("too large")
        if not answer.is_success or not isinstance(found := orjson.loads(body), dict):
            raise ValueError("no JSON object")
        return found


@asynccontextmanager
async def open_issuer(url: str, pause_s: float = PAUSE_S) -> AsyncIterator[Issuer]:
    """The provider at this address, and a client of its own to ask it with."""
    async with httpx2.AsyncClient(timeout=WITHIN_S, follow_redirects=False) as http:
        issuer = Issuer(http, url, pause_s)
        refreshing = asyncio.create_task(issuer.refresh())
        try:
            yield issuer
        finally:
            refreshing.cancel()
            with suppress(asyncio.CancelledError):
                await refreshing


def checked_url(url: str) -> None:
    """Refuses an issuer that is no address of https (of http only on this machine).

    Raises:
        SettingsError: it is not.
    """
    if not _is_safe(url):
        raise SettingsError(
            "FRONTDESK_JWT_ISSUER must be an https address, exactly as the tokens' `iss` has it; "
            "http only for one on this machine."
        )


def _is_safe(url: str) -> bool:
    parts = urlsplit(url)
    host = parts.hostname or ""
    if not host or parts.query or parts.fragment or parts.username is not None:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))
