"""An OpenID provider on a real socket, and tokens that it signs."""

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

AUDIENCE = "frontdesk"
PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


class Provider:
    """Answers discovery and keys. `changes` lays over its discovery document; a `body` or a
    `status` stands in for what it would say of its keys; `silent` has it say nothing.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.keys: dict[str, PrivateKey] = {}
        self.public: list[dict[str, Any]] = []
        self.changes: Mapping[str, Any] = {}
        self.body: bytes | None = None
        self.status = 200
        self.silent = False
        self.asked: list[str] = []

    def add(self, kid: str, *, curve: bool = False, bits: int = 2048) -> None:
        """Makes a key and publishes it."""
        key = _made(curve, bits)
        self.keys[kid] = key
        self.public.append(public_key(key) | {"kid": kid})

    def remove(self, kid: str) -> None:
        """Takes a key back."""
        self.public = [each for each in self.public if each["kid"] != kid]

    def token(
        self, kid: str = "one", header: Mapping[str, Any] | None = None, **claims: Any
    ) -> str:
        """A token of this key; claims that are None are left out."""
        key = self.keys[kid]
        algorithm = "ES256" if isinstance(key, ec.EllipticCurvePrivateKey) else "RS256"
        said = claims_of(self.url, **claims)
        return jwt.encode(said, key, algorithm, headers={"kid": kid})

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answers one request (RFC 9112) and closes."""
        path = (await reader.readline()).split()[1].decode()
        while (await reader.readline()).strip():
            pass
        self.asked.append(path)
        if not self.silent:
            body = self._document(path)
            head = f"HTTP/1.1 {self.status} X\r\nContent-Length: {len(body)}\r\n"
            writer.write(f"{head}Connection: close\r\n\r\n".encode() + body)
            writer.close()

    def _document(self, path: str) -> bytes:
        if path == "/.well-known/openid-configuration":
            said = {"issuer": self.url, "jwks_uri": f"{self.url}/keys", **self.changes}
            return json.dumps(said).encode()
        return self.body if self.body is not None else json.dumps({"keys": self.public}).encode()


@asynccontextmanager
async def provider() -> AsyncIterator[Provider]:
    """A provider with a key `one`."""
    served: list[Provider] = []
    writers: list[asyncio.StreamWriter] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        await served[0].answer(reader, writer)

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    served.append(Provider(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"))
    served[0].add("one")
    try:
        yield served[0]
    finally:
        server.close()
        for writer in writers:
            writer.close()


def public_key(key: PrivateKey) -> dict[str, Any]:
    """The public half as a JWK."""
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)


def claims_of(issuer: str, **claims: Any) -> dict[str, Any]:
    """What a good token says, with changes."""
    now = int(time.time())
    good = {"iss": issuer, "aud": AUDIENCE, "sub": "ann", "iat": now, "exp": now + 600}
    return {name: value for name, value in (good | claims).items() if value is not None}


def raw_token(header: Any, claims: Any, signature: bytes = b"") -> str:
    """Three parts as they are given, whatever they hold."""
    parts = (json.dumps(header).encode(), json.dumps(claims).encode(), signature)
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def _made(curve: bool, bits: int) -> PrivateKey:
    if curve:
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(65537, bits)
