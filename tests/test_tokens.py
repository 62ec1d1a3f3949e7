"""Users' own tokens: whom they name, and which are refused."""

import json
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import jwt
import pytest
import pytest_asyncio
from jwt.warnings import InsecureKeyLengthWarning
from redis.asyncio import Redis
from tests.doorman import Doorman, bearer, calling, look
from tests.forgeries import SHARED, base64url, forged
from tests.issuers import AUDIENCE, Provider, claims_of, provider

from frontdesk.config import Settings, load_settings
from frontdesk.contract.errors import SettingsError
from frontdesk.server.identity import require_credential
from frontdesk.server.issuer import MOST_BYTES, Issuer
from frontdesk.server.tokens import open_tokens, token_rules

BASIC: dict[str, Any] = {"jwt_audience": AUDIENCE, "jwt_algorithms": ("RS256", "ES256")}


@pytest_asyncio.fixture
async def issuer() -> AsyncIterator[Provider]:
    async with provider() as opened:
        yield opened


@pytest.fixture
def doorman(redis: Redis) -> Doorman:
    return Doorman(redis)


@pytest_asyncio.fixture
async def http(doorman: Doorman, issuer: Provider) -> AsyncIterator[httpx2.AsyncClient]:
    async with calling(doorman, jwt_issuer=issuer.url, **BASIC) as http:
        yield http


def who(doorman: Doorman) -> tuple[str, str, frozenset[str]]:
    caller = doorman.seen[-1]
    return caller.tenant, caller.user, caller.scopes


async def test_a_token_speaks_for_its_subject(
    http: httpx2.AsyncClient, doorman: Doorman, issuer: Provider
) -> None:
    assert await look(http, bearer(issuer.token(sub="김하나"))) == 404
    assert who(doorman) == ("local", "김하나", frozenset({"chat", "read"}))


async def test_a_token_by_an_elliptic_curve_is_taken_too(
    http: httpx2.AsyncClient, issuer: Provider
) -> None:
    issuer.add("curve", curve=True)
    assert await look(http, bearer(issuer.token("curve"))) == 404


def from_now(claims: dict[str, Any]) -> dict[str, Any]:
    """The claims, their whole numbers taken as seconds from now."""
    times = {
        n: int(time.time()) + v for n, v in claims.items() if isinstance(v, int) and n != "aud"
    }
    return claims | times


BAD_CLAIMS: dict[str, dict[str, Any]] = {
    "expired": {"exp": -61},
    "no end": {"exp": None},
    "an end that is no number": {"exp": "soon"},
    "an end beyond numbers": {"exp": float("inf")},
    "not yet valid": {"nbf": 600},
    "made in the future": {"iat": 600},
    "another issuer": {"iss": "https://evil.example"},
    "no issuer": {"iss": None},
    "another audience": {"aud": "another"},
    "no audience": {"aud": None},
    "an audience that is no text": {"aud": 7},
    "nobody": {"sub": None},
    "an empty name": {"sub": ""},
    "a name with a line break": {"sub": "ann\r\nX: y"},
    "a long name": {"sub": "x" * 129},
    "the name of a key's own user": {"sub": "key:abc"},
}


@pytest.mark.parametrize("claims", BAD_CLAIMS.values(), ids=BAD_CLAIMS.keys())
async def test_a_signed_token_with_wrong_claims_is_refused(
    http: httpx2.AsyncClient, issuer: Provider, claims: dict[str, Any]
) -> None:
    assert await look(http, bearer(issuer.token(**from_now(claims)))) == 401


@pytest.mark.parametrize("claims", [{"exp": -30}, {"nbf": 30}, {"aud": ["x", AUDIENCE]}])
async def test_clocks_may_differ_by_less_than_a_minute_and_audiences_be_several(
    http: httpx2.AsyncClient, issuer: Provider, claims: dict[str, Any]
) -> None:
    assert await look(http, bearer(issuer.token(**from_now(claims)))) == 404


async def test_forged_tokens_are_refused_and_all_answered_alike(
    doorman: Doorman, issuer: Provider
) -> None:
    answers = {}
    for n, (name, token) in enumerate(forged(issuer).items()):
        address = f"192.0.2.{n}"  # else the address would be told to wait
        async with calling(doorman, client=address, jwt_issuer=issuer.url, **BASIC) as http:
            sent = bearer(token) | {"X-Request-Id": "same"}
            answer = await http.get("/v1/turns/t", headers=sent)
            answers[name] = (answer.status_code, answer.text)
    assert {status for status, _ in answers.values()} == {401}
    assert len({text for _, text in answers.values()}) == 1, answers
    assert not doorman.seen
    assert "/mine" not in issuer.asked


async def test_a_token_cannot_name_another_user(http: httpx2.AsyncClient, issuer: Provider) -> None:
    assert await look(http, bearer(issuer.token(), "bob")) == 403


async def test_keys_are_fetched_once_for_many_tokens(
    http: httpx2.AsyncClient, issuer: Provider
) -> None:
    for user in ("ann", "bob", "eve"):
        assert await look(http, bearer(issuer.token(sub=user))) == 404
    assert issuer.asked == ["/.well-known/openid-configuration", "/keys"]


async def test_a_new_key_of_the_issuer_is_found_and_an_old_one_forgotten(issuer: Provider) -> None:
    async with httpx2.AsyncClient() as http:
        known = Issuer(http, issuer.url, pause_s=0)
        assert await known.key("one") is not None
        issuer.remove("one")
        issuer.add("two")
        assert await known.key("two") is not None
        assert await known.key("one") is None


async def test_unknown_key_ids_do_not_have_the_issuer_asked_again_and_again(
    http: httpx2.AsyncClient, issuer: Provider
) -> None:
    head, _, rest = issuer.token().partition(".")
    assert {await look(http, bearer(f"{_forge(n)}.{rest}")) for n in range(10)} == {401}
    assert len(issuer.asked) == 2
    assert await look(http, bearer(f"{head}.{rest}")) == 404


def _forge(n: int) -> str:
    return base64url(json.dumps({"alg": "RS256", "kid": f"no-{n}"}).encode())


async def test_while_the_issuer_is_dead_its_known_keys_go_on(
    http: httpx2.AsyncClient, issuer: Provider
) -> None:
    assert await look(http, bearer(issuer.token())) == 404
    issuer.status = 500
    assert await look(http, bearer(issuer.token(sub="bob"))) == 404


BROKEN: dict[str, dict[str, Any]] = {
    "down": {"status": 500},
    "moved": {"status": 302},
    "no JSON": {"body": b"<html>"},
    "no keys": {"body": b"{}"},
    "a list": {"body": b"[]"},
    "endless": {"body": b" " * (MOST_BYTES + 1)},
    "deep": {"body": b"[" * 100_000},
    "another name": {"changes": {"issuer": "https://evil.example"}},
    "keys elsewhere in clear": {"changes": {"jwks_uri": "http://192.0.2.1/keys"}},
    "keys in a file": {"changes": {"jwks_uri": "file:///etc/passwd"}},
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN.keys())
async def test_an_issuer_that_gives_no_keys_is_said_to_be_unavailable(
    http: httpx2.AsyncClient, issuer: Provider, broken: dict[str, Any]
) -> None:
    for name, value in broken.items():
        setattr(issuer, name, value)
    answer = await http.get("/v1/turns/t", headers=bearer(issuer.token()))
    assert (answer.status_code, answer.json()["code"]) == (503, "issuer_unavailable")
    assert "Retry-After" in answer.headers


async def test_a_silent_issuer_is_waited_for_no_longer_than_its_deadline(
    issuer: Provider, monkeypatch: pytest.MonkeyPatch, doorman: Doorman
) -> None:
    monkeypatch.setattr("frontdesk.server.issuer.WITHIN_S", 0.1)
    issuer.silent = True
    async with calling(doorman, jwt_issuer=issuer.url, **BASIC) as http:
        assert await look(http, bearer(issuer.token())) == 503


async def test_a_short_key_of_the_issuer_signs_nothing(
    http: httpx2.AsyncClient, issuer: Provider
) -> None:
    issuer.add("short", bits=1024)
    with pytest.warns(InsecureKeyLengthWarning):
        token = issuer.token("short")
    assert await look(http, bearer(token)) == 401


async def test_a_key_for_encryption_or_a_published_secret_signs_nothing(
    http: httpx2.AsyncClient, issuer: Provider
) -> None:
    issuer.public[0]["use"] = "enc"
    issuer.public.append({"kty": "oct", "kid": "secret", "k": base64url(SHARED.encode())})
    issuer.add("good")
    token = jwt.encode(claims_of(issuer.url), SHARED, "HS256", headers={"kid": "secret"})
    tokens = (issuer.token(), token, issuer.token("good"))
    assert [await look(http, bearer(each)) for each in tokens] == [401, 401, 404]


async def test_a_shared_secret_signs_by_hs256_alone_and_nobody_is_asked(doorman: Doorman) -> None:
    url = "https://issuer.example"
    settings: dict[str, Any] = {"jwt_issuer": url, "jwt_audience": AUDIENCE, "jwt_secret": SHARED}
    async with calling(doorman, **settings) as http:
        good = jwt.encode(claims_of(url), SHARED, "HS256")
        longer = jwt.encode(claims_of(url), SHARED * 2, "HS512")
        wrong = jwt.encode(claims_of(url), SHARED + "x", "HS256")
        assert [await look(http, bearer(each)) for each in (good, longer, wrong)] == [404, 401, 401]


async def test_claims_may_name_tenant_and_scopes(doorman: Doorman, issuer: Provider) -> None:
    named: dict[str, Any] = {"jwt_tenant_claim": "org", "jwt_scopes_claim": "scope"}
    async with calling(doorman, jwt_issuer=issuer.url, **BASIC, **named) as http:
        token = issuer.token(org="acme", scope="read admin act-as-user")
        assert await look(http, bearer(token)) == 404
        assert who(doorman) == ("acme", "ann", frozenset({"read", "admin"}))
        assert await look(http, bearer(issuer.token(org="acme", scope=["read"]))) == 404
        assert await look(http, bearer(issuer.token(org="acme"))) == 403
        assert await look(http, bearer(issuer.token(scope="read"))) == 401
        assert await look(http, bearer(issuer.token(org=["acme"], scope="read"))) == 401


async def test_an_issuer_is_a_credential_for_a_server_that_others_can_reach(
    doorman: Doorman, issuer: Provider
) -> None:
    settings = Settings(host="192.0.2.7", _env_file=None, jwt_issuer=issuer.url, **BASIC)
    await require_credential(settings, doorman.redis)
    async with calling(doorman, jwt_issuer=issuer.url, **BASIC) as http:
        assert await look(http) == 401  # nobody is local any more


WRONG: dict[str, dict[str, Any]] = {
    "JWT_AUDIENCE": {"jwt_issuer": "https://a.example"},
    "JWT_ISSUER is missing": {"jwt_audience": "x"},
    "https": {"jwt_issuer": "http://a.example", "jwt_audience": "x"},
    "JWT_ALGORITHMS": {"jwt_issuer": "https://a.example", "jwt_audience": "x"}
    | {"jwt_algorithms": "none"},
    "HS256 needs": {"jwt_issuer": "https://a.example", "jwt_audience": "x"}
    | {"jwt_algorithms": "RS256,HS256"},
    "HS256 only": {"jwt_issuer": "a", "jwt_audience": "x", "jwt_secret": SHARED}
    | {"jwt_algorithms": "RS256"},
    "32 bytes": {"jwt_issuer": "a", "jwt_audience": "x", "jwt_secret": "short"},
}


@pytest.mark.parametrize(("said", "settings"), WRONG.items(), ids=WRONG.keys())
def test_settings_that_would_take_bad_tokens_are_refused(
    said: str, settings: dict[str, Any]
) -> None:
    with pytest.raises(SettingsError, match=said):
        token_rules(load_settings(**settings))


async def test_without_an_issuer_no_token_is_taken() -> None:
    async with open_tokens(load_settings()) as tokens:
        assert tokens is None
