"""Where webhooks may go (T17): the address is resolved once, must be public, and is the one that is
connected to, so that a name which changes its mind leads nowhere else.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Collection, Iterable
from urllib.parse import urlsplit

import httpcore2
from httpcore2 import AsyncNetworkBackend, AsyncNetworkStream

from frontdesk.contract.errors import InvalidRequest

NAT64 = ipaddress.ip_network("64:ff9b::/96")
PORTS = {"https": 443, "http": 80}
LONGEST_URL = 2048

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Forbidden(Exception):
    """The address is not one that webhooks may go to."""


def check_url(url: str, allowed: Collection[str]) -> None:
    """Lets an `https` URL pass, and `http` to a host that is `allowed`.

    Raises:
        InvalidRequest: it is none, or has a name and password in it.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise InvalidRequest("webhook_url is not a URL.") from None
    plain = parts.scheme == "http" and named(parts.hostname or "", port or 80, allowed)
    if len(url) > LONGEST_URL or not (url.isascii() and url.isprintable()) or " " in url:
        raise InvalidRequest("webhook_url must be a URL of at most 2,048 ASCII characters.")
    if not parts.hostname or not (parts.scheme == "https" or plain):
        raise InvalidRequest("webhook_url must begin with https:// and name a host.")
    if "@" in parts.netloc:
        raise InvalidRequest("webhook_url must not hold a name or password.")


def named(host: str, port: int, allowed: Collection[str]) -> bool:
    """Whether the operator has named this host, or this port of it."""
    return host in allowed or f"{host}:{port}" in allowed


def public(address: str) -> bool:
    """Whether an IP address is of the public internet, also what it wraps (RFC 4291, 3056, 4380,
    6052).
    """
    found: Address = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        inner = [found.ipv4_mapped, found.sixtofour, *(found.teredo or ())]
        if found in NAT64:
            inner.append(ipaddress.IPv4Address(int(found) & 0xFFFFFFFF))
        if not all(_public(each) for each in inner if each):
            return False
        if found.ipv4_mapped:
            return True
    return _public(found)


def _public(address: Address) -> bool:
    return address.is_global and not address.is_multicast


class Guarded(AsyncNetworkBackend):
    """Connects to public addresses only, and to hosts that are `allowed`."""

    def __init__(
        self, allowed: Collection[str], network: AsyncNetworkBackend | None = None
    ) -> None:
        self._allowed = allowed
        self._network = network or httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the base class has it so
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> AsyncNetworkStream:
        """Resolves once, and connects to what was checked.

        Raises:
            Forbidden: one of the host's addresses is not public.
        """
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = [str(each[4][0]) for each in found]
        if not named(host, port, self._allowed) and not all(map(public, addresses)):
            raise Forbidden
        return await self._network.connect_tcp(
            addresses[0], port, timeout, local_address, socket_options
        )
