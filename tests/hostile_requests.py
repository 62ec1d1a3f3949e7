"""Requests that no client should send, as a table: name, what is sent, what may come back.

In the bytes, `TARGET` stands for a route's path, `METHOD` for its method and `KEY` for a right API
key. An empty answer means that the server only closed.
"""

import gzip
import re
from dataclasses import dataclass
from itertools import chain

HEAD = b"METHOD TARGET HTTP/1.1\r\n"
HOST = b"Host: localhost\r\n"
AUTH = b"Authorization: Bearer KEY\r\n"
JSON = b"Content-Type: application/json\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
START = HEAD + HOST + AUTH + JSON
END = b"\r\n"
BODY = b'{"message": "hi"}'
LENGTH = b"Content-Length: %d\r\n" % len(BODY)

BAD = frozenset({400})
LATE = frozenset({408})
BIG = frozenset({431})
REFUSED = frozenset(range(400, 500))
TAKEN = frozenset(range(200, 500))


@dataclass(frozen=True, slots=True)
class Hostile:
    """What is sent, and the statuses that may answer it."""

    name: str
    sent: bytes
    statuses: frozenset[int] = BAD

    def at(self, method: str, path: str, key: str) -> bytes:
        """The bytes for a route."""
        target = re.sub(r"\{\w+\}", "none", path)
        pairs = ((b"METHOD", method), (b"TARGET", target), (b"KEY", key))
        sent = self.sent
        for name, value in pairs:
            sent = sent.replace(name, value.encode())
        return sent


def _body(name: str, body: bytes, statuses: frozenset[int] = REFUSED) -> Hostile:
    sent = START + b"Content-Length: %d\r\n" % len(body) + END + body
    return Hostile(name, sent, statuses)


def _path(name: str, path: bytes, statuses: frozenset[int] = REFUSED) -> Hostile:
    return Hostile(name, b"METHOD " + path + b" HTTP/1.1\r\n" + HOST + AUTH + END, statuses)


def _header(name: str, header: bytes, statuses: frozenset[int] = TAKEN) -> Hostile:
    return Hostile(name, START + header + LENGTH + END + BODY, statuses)


FRAMING = (
    Hostile("nothing but line ends", END * 20, LATE),
    Hostile("bytes of TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
    Hostile("no HTTP at all", b"hello\r\n\r\n"),
    Hostile("HTTP/0.9", b"METHOD TARGET\r\n\r\n"),
    Hostile("HTTP/2 by prior knowledge", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    Hostile("HTTP/2.0", b"METHOD TARGET HTTP/2.0\r\n" + HOST + END),
    Hostile("HTTP/1.9", b"METHOD TARGET HTTP/1.9\r\n" + HOST + END),
    Hostile("http in small letters", b"METHOD TARGET http/1.1\r\n" + HOST + END),
    Hostile("an unknown method", b"BREW TARGET HTTP/1.1\r\n" + HOST + END),
    Hostile("a method in small letters", b"get TARGET HTTP/1.1\r\n" + HOST + END),
    Hostile("CONNECT", b"CONNECT localhost:443 HTTP/1.1\r\n" + HOST + END),
    Hostile("TRACE", b"TRACE TARGET HTTP/1.1\r\n" + HOST + AUTH + END, REFUSED),
    Hostile("PROPFIND", b"PROPFIND TARGET HTTP/1.1\r\n" + HOST + AUTH + END, REFUSED),
    Hostile("OPTIONS of everything", b"OPTIONS * HTTP/1.1\r\n" + HOST + AUTH + END, REFUSED),
    Hostile("no path", b"METHOD none HTTP/1.1\r\n" + HOST + END),
    Hostile("a space in the path", b"METHOD TARGET x HTTP/1.1\r\n" + HOST + END),
    Hostile("a path that is not ASCII", "METHOD TARGET\u00e9 HTTP/1.1\r\n".encode() + HOST + END),
    Hostile("NUL in the path", b"METHOD TARGET\x00 HTTP/1.1\r\n" + HOST + END),
    _path("%00 in the path", b"TARGET%00"),
    _path("CRLF in the path", b"TARGET%0d%0aX:%20y"),
    _path("bad UTF-8 in the path", b"TARGET%ff%fe"),
    _path("dots in the path", b"TARGET/../../etc/passwd"),
    _path("another server's URL", b"http://example.com/x"),
    Hostile(
        "a path of 100 kB", b"METHOD TARGET" + b"a" * 100_000 + b" HTTP/1.1\r\n" + HOST + END, BIG
    ),
    Hostile(
        "a query of 100 kB",
        b"METHOD TARGET?a=" + b"a" * 100_000 + b" HTTP/1.1\r\n" + HOST + END,
        BIG,
    ),
    Hostile("bare line feeds", b"METHOD TARGET HTTP/1.1\nHost: localhost\n\n"),
    Hostile("a bare line feed", HEAD + b"Host: localhost\nX-A: b\r\n" + END),
    Hostile("a bare carriage return", HEAD + b"Host: localhost\rX-A: b\r\n" + END),
    Hostile("a folded header", HEAD + HOST + b"X-A: b\r\n c\r\n" + END),
    Hostile("a first header that is folded", HEAD + b" Host: localhost\r\n" + END),
    Hostile("a space before the colon", HEAD + b"Host : localhost\r\n" + END),
    Hostile("a header without a colon", HEAD + HOST + b"X-A\r\n" + END),
    Hostile("a header without a name", HEAD + HOST + b": b\r\n" + END),
    Hostile("NUL in a header", HEAD + HOST + b"X-A: a\x00b\r\n" + END),
    Hostile("a control character in a header", HEAD + HOST + b"X-A: a\x01b\r\n" + END),
    Hostile("a control character in a name", HEAD + HOST + b"X\x01A: b\r\n" + END),
    Hostile("no Host", HEAD + END),
    Hostile("two Hosts", HEAD + HOST + HOST + END),
    Hostile("a Host with a path", HEAD + b"Host: localhost/x@y\r\n" + END),
    Hostile("a header of 100 kB", HEAD + HOST + b"X-A: " + b"a" * 100_000 + END + END, BIG),
    Hostile("a name of 100 kB", HEAD + HOST + b"X" * 100_000 + b": a\r\n" + END, BIG),
    Hostile("a header of 100 kB without an end", HEAD + HOST + b"X-A: " + b"a" * 100_000, BIG),
    Hostile("1,000 headers", HEAD + HOST + b"X-A: b\r\n" * 1000 + END, BIG),
    Hostile("headers without an end", HEAD + HOST, LATE),
    Hostile("half a request line", b"METHOD TAR", LATE),
)

LENGTHS = (
    Hostile("length and chunks", START + LENGTH + CHUNKED + END + b"0\r\n\r\n"),
    Hostile("chunks and length", START + CHUNKED + LENGTH + END + b"0\r\n\r\n"),
    Hostile("the length twice", START + LENGTH + LENGTH + END + BODY),
    Hostile("two lengths", START + LENGTH + b"Content-Length: 5\r\n" + END + BODY),
    Hostile("a list of lengths", START + b"Content-Length: 17, 17\r\n" + END + BODY),
    Hostile("a length with a sign", START + b"Content-Length: +17\r\n" + END + BODY),
    Hostile("a negative length", START + b"Content-Length: -1\r\n" + END + BODY),
    Hostile("a hexadecimal length", START + b"Content-Length: 0x11\r\n" + END + BODY),
    Hostile("a length of 1,000 digits", START + b"Content-Length: " + b"9" * 1000 + END + END),
    Hostile("no length", START + b"Content-Length: \r\n" + END + BODY, REFUSED),
    Hostile(
        "the largest length", START + b"Content-Length: 9223372036854775807\r\n" + END, REFUSED
    ),
    Hostile(
        "a length beyond the body", START + b"Content-Length: 99\r\n" + END + BODY, LATE | TAKEN
    ),
    Hostile("a length and no body", START + b"Content-Length: 99\r\n" + END, LATE | TAKEN),
    Hostile("a body beyond the length", START + LENGTH + END + BODY * 2, TAKEN),
    Hostile("an unknown coding", START + b"Transfer-Encoding: xchunked\r\n" + END + b"0\r\n\r\n"),
    Hostile("two codings", START + b"Transfer-Encoding: gzip, chunked\r\n" + END + b"0\r\n\r\n"),
    Hostile("the coding twice", START + CHUNKED + CHUNKED + END + b"0\r\n\r\n"),
    Hostile(
        "a disguised coding", START + b"Transfer-Encoding:\x0bchunked\r\n" + END + b"0\r\n\r\n"
    ),
    Hostile("chunks in HTTP/1.0", b"METHOD TARGET HTTP/1.0\r\n" + CHUNKED + END + b"0\r\n\r\n"),
    Hostile("half a chunk", START + CHUNKED + END + b'11\r\n{"mess', LATE | TAKEN),
    Hostile("no last chunk", START + CHUNKED + END + b"11\r\n" + BODY + b"\r\n", LATE | TAKEN),
    Hostile("a negative chunk", START + CHUNKED + END + b"-3\r\nabc\r\n0\r\n\r\n"),
    Hostile("a chunk of 2^68 bytes", START + CHUNKED + END + b"f" * 17 + b"\r\nabc\r\n0\r\n\r\n"),
    Hostile("a chunk that says less", START + CHUNKED + END + b"3\r\nabcdef\r\n0\r\n\r\n"),
    Hostile("chunks with bare line feeds", START + CHUNKED + END + b"3\nabc\n0\n\n"),
    Hostile("a line feed in an extension", START + CHUNKED + END + b"3;a\nb\r\nabc\r\n0\r\n\r\n"),
    Hostile(
        "an upgrade with a body",
        START + b"Connection: Upgrade\r\nUpgrade: h2c\r\n" + LENGTH + END + BODY,
    ),
    Hostile("a WebSocket", START + b"Connection: Upgrade\r\nUpgrade: websocket\r\n" + END, TAKEN),
    Hostile("two requests at once", (START + END) * 2, TAKEN),
    Hostile("100 requests at once", (START + END) * 100, TAKEN),
    Hostile(
        "a second request in the body",
        START + LENGTH + END + BODY + b"GET /smuggled HTTP/1.1\r\n" + HOST + END,
        TAKEN,
    ),
)

HEADERS = (
    Hostile("no key", HEAD + HOST + JSON + LENGTH + END + BODY, TAKEN),
    Hostile("a wrong key", START.replace(b"KEY", b"fd_0_0") + LENGTH + END + BODY, TAKEN),
    Hostile("a key of 30 kB", START.replace(b"KEY", b"x" * 30_000) + LENGTH + END + BODY, TAKEN),
    Hostile(
        "a key that is not ASCII", START.replace(b"KEY", b"\xff\xfe") + LENGTH + END + BODY, TAKEN
    ),
    _header("the key twice", AUTH),
    _header("two users", b"X-Frontdesk-User: ann\r\nX-Frontdesk-User: bob\r\n"),
    _header("a user in bad UTF-8", b"X-Frontdesk-User: \xff\r\n"),
    _header("a user of 30 kB", b"X-Frontdesk-User: " + b"a" * 30_000 + END),
    _header("a request id with markup", b"X-Request-Id: <script>\r\n"),
    _header("a request id that is not ASCII", b"X-Request-Id: \xe2\x80\xae\r\n"),
    _header("an event id of 30 kB", b"Last-Event-ID: " + b"1" * 30_000 + END),
    _header("an event id that is no number", b"Last-Event-ID: 1-9e99; DROP\r\n"),
    _header("an idempotency key of 30 kB", b"Idempotency-Key: " + b"a" * 30_000 + END),
    _header("two types", JSON),
    _header("gzip that is none", b"Content-Encoding: gzip\r\n"),
    _header("a type in UTF-16", b"Content-Type: application/json; charset=utf-16\r\n"),
    _header("Accept of everything", b"Accept: " + b"*/*," * 5000 + END),
    _header("an expectation", b"Expect: 200-maybe\r\n"),
    _header("another's address", b"X-Forwarded-For: 127.0.0.1, ::1, nonsense\r\n"),
)

BODIES = (
    _body("no JSON", b"hello"),
    _body("white space", b" " * 1000),
    _body("half an object", b'{"message": "hi"'),
    _body("an array", b"[]"),
    _body("null", b"null"),
    _body("NaN", b'{"message": NaN}'),
    _body("Infinity", b'{"message": -Infinity}'),
    _body("1e400", b'{"message": 1e400}'),
    _body("100,000 digits", b'{"message": ' + b"7" * 100_000 + b"}"),
    _body("a lone surrogate", b'{"message": "\\ud800"}'),
    _body("surrogates in the wrong order", b'{"message": "\\udc00\\ud800"}'),
    _body("a lone surrogate as a key", b'{"\\ud800": 1}'),
    _body("NUL", b'{"message": "a\\u0000b"}'),
    _body("a raw NUL", b'{"message": "a\x00b"}'),
    _body("bad UTF-8", b'{"message": "\xff\xfe"}'),
    _body("overlong UTF-8", b'{"message": "\xc0\xaf"}'),
    _body("a surrogate in UTF-8", b'{"message": "\xed\xa0\x80"}'),
    _body("UTF-16", '{"message": "hi"}'.encode("utf-16")),
    _body("a byte order mark", b"\xef\xbb\xbf" + BODY),
    _body("200,000 arrays deep", b"[" * 200_000),
    _body("objects deep", b'{"message":' * 20_000),
    _body("deep and closed", b'{"message": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
    _body("many keys", b"{" + b",".join(b'"%d":1' % n for n in range(20_000)) + b"}"),
    _body("an unknown field", b'{"message": "hi", "user_id": "bob"}'),
    _body("two messages", b'{"message": "hi", "message": {"$gt": ""}}'),
    _body("a huge session id", b'{"message": "hi", "session_id": "' + b"a" * 100_000 + b'"}'),
    _body("a key as session id", b'{"message": "hi", "session_id": "*:{x}:turns"}'),
    _body("a line break as session id", b'{"message": "hi", "session_id": "a\\r\\nX: y"}'),
    _body("one byte too much", b'{"message": "' + b"a" * 300_000 + b'"}'),
    _body("zeros, packed", gzip.compress(b"0" * 1_000_000)),
    _body("5 MB", b"x" * 5_000_000),
)

ALL = tuple(chain(FRAMING, LENGTHS, HEADERS, BODIES))
