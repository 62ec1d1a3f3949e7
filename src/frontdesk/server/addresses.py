"""Where a request comes from: the peer, or what a trusted proxy says of it."""

import ipaddress
from collections.abc import Sequence
from typing import TypeAlias

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from frontdesk.contract.errors import SettingsError

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
FORWARDED = "x-forwarded-for"


class Addresses:
    """Puts the client's address in the place of a trusted proxy's (`scope["client"]`)."""

    def __init__(self, app: ASGIApp, trusted: Sequence[Network] = ()) -> None:
        self.app, self.trusted = app, trusted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request (ASGI)."""
        if scope["type"] == "http" and self.trusted and scope.get("client"):
            named = Headers(scope=scope).getlist(FORWARDED)
            address = behind(scope["client"][0], ",".join(named), self.trusted)
            scope["client"] = (address, 0)
        await self.app(scope, receive, send)


def behind(peer: str, forwarded: str, trusted: Sequence[Network]) -> str:
    """The nearest address that is no trusted proxy's: of the peer and those that X-Forwarded-For
    names, from the right. What stands left of it, anybody may have written.
    """
    hops = [hop.strip() for hop in forwarded.split(",") if hop.strip()]
    address = peer
    while hops and is_among(address, trusted):
        named = _parsed(hops.pop())
        if named is None:
            break
        address = str(named)
    return address


def is_among(address: str, networks: Sequence[Network]) -> bool:
    """Whether an address belongs to one of the networks."""
    found = _parsed(address)
    return found is not None and any(found in network for network in networks)


def read_networks(names: Sequence[str]) -> tuple[Network, ...]:
    """Addresses and networks, as the settings have them.

    Raises:
        SettingsError: one is neither.
    """
    try:
        return tuple(ipaddress.ip_network(name, strict=False) for name in names)
    except ValueError:
        raise SettingsError(
            "FRONTDESK_TRUSTED_PROXIES: write addresses or networks such as 10.0.0.0/8, between "
            "commas."
        ) from None


def counted_as(address: str) -> str:
    """Whom a limit counts an address as: an IPv6 address as its network of 64 bits, within which
    one subscriber chooses.
    """
    found = _parsed(address)
    if isinstance(found, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((found, 64), strict=False).network_address)
    return str(found or address)


def _parsed(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return mapped or found
