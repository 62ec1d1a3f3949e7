"""Who may speak to Redis: a user of its ACL, TLS with the right certificate."""

import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.redis_topologies import Server, lone_server, proxy
from tests.test_redis_faults import desk_on

from frontdesk.contract.errors import StoreUnavailable
from frontdesk.sessions.connection import open_redis, translated
from frontdesk.testing import FakeOpenAI, Visitor


@pytest.fixture
async def lone(tmp_path: Path) -> AsyncIterator[Server]:
    async with lone_server(tmp_path / "redis") as server:
        yield server


async def test_a_user_of_the_acl_needs_no_more_than_the_manual_says(
    lone: Server, upstream: FakeOpenAI, tmp_path: Path
) -> None:
    rules = ("~fd:*", "&fd:*", "+@all", "-@admin", "-@dangerous")
    async with lone.client() as redis:
        await redis.execute_command("ACL", "SETUSER", "desk", "on", ">p@ss", *rules)
    url = lone.url.replace("//", "//desk:p%40ss@")
    async with desk_on(url, upstream, tmp_path) as desk:
        ann = Visitor(desk, "ann")
        assert (await ann.ask("Good morning")).status == "completed"
        assert await desk.sessions.forget(ann.owner, ann.session_id)
    async with open_redis(url.replace("p%40ss", "wrong")) as redis:
        with pytest.raises(StoreUnavailable, match="refuses the user"), translated():
            await redis.ping()


@pytest.mark.skipif(not shutil.which("openssl"), reason="no openssl to make a certificate with")
async def test_redis_is_spoken_to_over_tls_and_only_with_the_right_certificate(
    lone: Server, upstream: FakeOpenAI, tmp_path: Path
) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "ca.pem"
    make_certificate(key, certificate)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    async with proxy(lone.port, tls) as between:
        url = between.url.replace("redis:", "rediss:")
        async with desk_on(f"{url}?ssl_ca_certs={certificate}", upstream, tmp_path) as desk:
            assert (await Visitor(desk, "ann").ask("Good morning")).status == "completed"
        async with open_redis(url) as trusting_nobody:
            with pytest.raises(StoreUnavailable), translated():
                await trusting_nobody.ping()


def make_certificate(key: Path, certificate: Path) -> None:
    """A self-signed one for the loopback address."""
    command: list[Any] = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt"]
    command += ["ec_paramgen_curve:prime256v1", "-nodes", "-days", "1", "-subj", "/CN=localhost"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate]
    subprocess.run(command, check=True, capture_output=True)
