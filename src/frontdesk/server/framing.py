"""What the head of a request must be like before anybody looks at it (RFC 9112), strictly: where
two servers could read the same bytes differently, it is refused.
"""

import re
from collections.abc import Sequence

from frontdesk.contract.errors import FrontdeskError

MOST_HEADERS = 100
CONTROLS = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
LENGTH = re.compile(rb"[0-9]{1,18}")
HOST = re.compile(rb"[A-Za-z0-9._~:%\[\]-]*")


class Malformed(FrontdeskError):
    """The bytes are not a request as HTTP/1.1 has them; the connection is closed."""

    code, status, title = "malformed_request", 400, "Malformed request"


class HeadersTooLarge(FrontdeskError):
    """The request line and the headers are larger than the server takes."""

    code, status, title = "headers_too_large", 431, "Headers too large"


class RequestTimeout(FrontdeskError):
    """Headers or body took longer than the server waits."""

    code, status, title = "request_timeout", 408, "Request timeout"


def check_head(version: str, headers: Sequence[tuple[bytes, bytes]]) -> None:
    """Lets a head pass whose end and whose body's end nobody can doubt; names are lower case.

    Raises:
        Malformed, HeadersTooLarge: one that is not so.
    """
    if len(headers) > MOST_HEADERS:
        raise HeadersTooLarge(f"A request may have at most {MOST_HEADERS} headers.")
    if version not in ("1.0", "1.1"):
        raise Malformed("Only HTTP/1.0 and HTTP/1.1 are spoken here.")
    if any(CONTROLS.search(value) for _, value in headers):
        raise Malformed("A header holds a control character.")
    _check_body(version, headers)
    _check_host(version, headers)


def _check_body(version: str, headers: Sequence[tuple[bytes, bytes]]) -> None:
    lengths, codings = _values(b"content-length", headers), _values(b"transfer-encoding", headers)
    if len(lengths) + len(codings) > 1:
        raise Malformed("The length of the body is said more than once.")
    if any(not LENGTH.fullmatch(length) for length in lengths):
        raise Malformed("Content-Length is no number.")
    if _values(b"upgrade", headers) and (codings or any(int(length) for length in lengths)):
        raise Malformed("Nothing is upgraded here; send the body without Upgrade.")
    if any(coding.lower() != b"chunked" or version == "1.0" for coding in codings):
        raise Malformed("Transfer-Encoding may only be `chunked`, in HTTP/1.1.")


def _check_host(version: str, headers: Sequence[tuple[bytes, bytes]]) -> None:
    hosts = _values(b"host", headers)
    if len(hosts) > 1 or (not hosts and version == "1.1"):
        raise Malformed("A request needs one Host.")
    if any(not HOST.fullmatch(host) for host in hosts):
        raise Malformed("The Host is no name of one.")


def _values(name: bytes, headers: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
    return [value for given, value in headers if given == name]
