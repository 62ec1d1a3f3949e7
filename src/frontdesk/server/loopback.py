"""What is on this machine: addresses to listen on, hosts and origins that a browser may name."""

import ipaddress
import re

from starlette.requests import Request

from frontdesk.contract.errors import Forbidden

LOCAL_HOST = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?", re.IGNORECASE)


def is_loopback(address: str) -> bool:
    """Whether only this machine can reach the address."""
    if address in ("localhost", "127.0.0.1"):
        return True
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def stays_here(request: Request) -> bool:
    """Whether both ends of the connection are on this machine, whatever the settings say: a server
    may have been started with another address than theirs. A proxy on this machine that says it
    brings somebody from elsewhere is believed.
    """
    ends = (request.scope.get("server"), request.scope.get("client"))
    brought = ",".join(request.headers.getlist("x-forwarded-for"))
    hops = [hop.strip() for hop in brought.split(",") if hop.strip()]
    here = all(end is not None and is_loopback(end[0]) for end in ends)
    return here and all(is_loopback(hop) for hop in hops)


def check_site(request: Request) -> None:
    """Refuses what a foreign web page makes a browser send here (DNS rebinding, cross-site posts).

    Raises:
        Forbidden: Host, or Origin where there is one, is no name of this machine.
    """
    hosts = request.headers.getlist("host")
    if len(hosts) != 1 or not LOCAL_HOST.fullmatch(hosts[0]):
        raise Forbidden("Without an API key, the Host must be localhost, 127.0.0.1 or [::1].")
    for origin in request.headers.getlist("origin"):
        scheme, _, host = origin.partition("://")
        if scheme not in ("http", "https") or not LOCAL_HOST.fullmatch(host):
            raise Forbidden("Without an API key, no page of another origin may call this server.")
