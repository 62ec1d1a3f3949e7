"""Tokens that nobody with the key has signed."""

import base64
import hashlib
import hmac
import json
from typing import Any

import jwt
from tests.issuers import Provider, claims_of, public_key, raw_token

SHARED = "a secret of thirty-two bytes or m" + "ore"


def forged(issuer: Provider) -> dict[str, str]:
    """Tokens that nobody with the key has signed."""
    good, claims = issuer.token(), claims_of(issuer.url)
    head, body, signature = good.split(".")
    bob = base64url(json.dumps(claims | {"sub": "bob"}).encode())
    nested = base64url(b"[" * 5000)
    return unsigned(issuer, claims) | {
        "public key as a secret": confused(issuer, claims),
        "another secret": jwt.encode(claims, SHARED, "HS256", headers={"kid": "one"}),
        "no signature": f"{head}.{body}.",
        "another body": f"{head}.{bob}.{signature}",
        "nested": f"{nested}.{body}.{signature}",
        "parts": "a.b",
        "five parts": "a.b.c.d.e",
        "long": good + "A" * 9000,
    }


def unsigned(issuer: Provider, claims: dict[str, Any]) -> dict[str, str]:
    mine = {"alg": "RS256", "jwk": public_key(issuer.keys["one"])}
    return {
        "none": raw_token({"alg": "none"}, claims),
        "None": raw_token({"alg": "None", "kid": "one"}, claims, b"x"),
        "no algorithm": raw_token({"kid": "one"}, claims, b"x"),
        "an own key": raw_token(mine, claims, b"x"),
        "a key by address": raw_token({"alg": "RS256", "jku": f"{issuer.url}/mine"}, claims, b"x"),
        "a list as key id": raw_token({"alg": "RS256", "kid": ["one"]}, claims, b"x"),
        "an unknown extension": raw_token({"alg": "RS256", "kid": "one", "crit": ["x"]}, claims),
        "another algorithm": raw_token({"alg": "ES256", "kid": "one"}, claims, b"x" * 64),
    }


def confused(issuer: Provider, claims: dict[str, Any]) -> str:
    """Signed with the public key as if it were a shared secret (RFC 8725 section 2.1)."""
    public = json.dumps(public_key(issuer.keys["one"])).encode()
    said = raw_token({"alg": "HS256", "kid": "one"}, claims).rpartition(".")[0]
    return f"{said}.{base64url(hmac.new(public, said.encode(), hashlib.sha256).digest())}"


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
