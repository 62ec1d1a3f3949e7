"""Webhooks: signed, retried, and sent to public addresses only (T17)."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpcore2
import pytest
import pytest_asyncio
from httpx2 import AsyncClient
from openai import OpenAI
from redis.asyncio import Redis

from frontdesk.assembly import open_desk
from frontdesk.config import Settings
from frontdesk.contract.errors import InvalidRequest
from frontdesk.desk import Desk
from frontdesk.jobs import webhooks
from frontdesk.jobs.destinations import Forbidden, Guarded, check_url, public

SECRET = "whsec_" + "QUJDREVGR0hJSktMTU5PUFFSU1RVVlc="


@dataclass
class Receiver:
    """Hears webhooks; `statuses` are its answers, 204 when they are used up."""

    url: str = ""
    statuses: list[int] = field(default_factory=list)
    heard: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    async def hear(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
        raw = {line.partition(": ")[0].lower(): line.partition(": ")[2] for line in head[1:]}
        body = await reader.readexactly(int(headers["content-length"]))
        self.heard.append((raw, body))
        status = self.statuses.pop(0) if self.statuses else 204
        location = "location: http://127.0.0.1:1/\r\n" if 300 <= status < 400 else ""
        writer.write(f"HTTP/1.1 {status} X\r\n{location}content-length: 0\r\n\r\n".encode())
        await writer.drain()
        writer.close()
        self.news.set()

    async def until(self, count: int) -> None:
        async with asyncio.timeout(15):
            while len(self.heard) < count:
                await self.news.wait()
                self.news.clear()


@pytest_asyncio.fixture
async def receiver() -> AsyncIterator[Receiver]:
    found = Receiver()
    server = await asyncio.start_server(found.hear, "127.0.0.1", 0)
    found.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
    async with server:
        yield found


@pytest.fixture
def settings(settings: Settings) -> Settings:
    told = {"webhook_secret": SECRET, "webhook_allow": "127.0.0.1"}
    return Settings(**settings.model_dump() | told)


@pytest_asyncio.fixture
async def desk(settings: Settings) -> AsyncIterator[Desk]:
    async with open_desk(settings) as opened:
        yield opened


async def ask(client: AsyncClient, url: str) -> str:
    body = {"message": "Hello there", "background": True, "webhook_url": url}
    answer = await client.post("/v1/chat", json=body)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["turn_id"])


async def test_the_end_of_a_turn_is_told_once_and_signed(
    ann_http: AsyncClient, receiver: Receiver
) -> None:
    turn = await ask(ann_http, receiver.url)
    await receiver.until(1)
    ((headers, body),) = receiver.heard
    told = json.loads(body)
    assert (told["type"], told["data"]["turn_id"]) == ("turn.completed", turn)
    assert "Hello" not in body.decode()
    client = OpenAI(api_key="any", webhook_secret=SECRET)
    client.webhooks.verify_signature(body, headers)


async def test_a_receiver_that_fails_or_redirects_hears_it_again_under_the_same_id(
    ann_http: AsyncClient, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "PAUSES_S", (0.1, 0.1, 0.1))
    receiver.statuses = [500, 302]
    await ask(ann_http, receiver.url)
    await receiver.until(3)
    assert len({headers["webhook-id"] for headers, _ in receiver.heard}) == 1


async def test_nothing_is_left_of_a_webhook_that_was_heard_or_refused_for_good(
    ann_http: AsyncClient, receiver: Receiver, redis: Redis
) -> None:
    receiver.statuses = [204, 410]
    for count in (1, 2):
        await ask(ann_http, receiver.url)
        await receiver.until(count)
    async with asyncio.timeout(10):
        while [key async for key in redis.scan_iter(match="*:webhook")]:  # noqa: ASYNC110 - Redis tells nobody
            await asyncio.sleep(0.01)
    assert len(receiver.heard) == 2


@pytest.mark.parametrize(
    "url",
    [
        *("ftp://example.com/", "file:///etc/passwd", "http://example.com/", "https://", "hello"),
        *("https://ann:pass@example.com/", "https://exa mple.com/", "https://example.com:x/"),
    ],
)
async def test_a_url_that_is_not_one_for_webhooks_is_refused(
    ann_http: AsyncClient, url: str
) -> None:
    body = {"message": "Hello", "background": True, "webhook_url": url}
    answer = await ann_http.post("/v1/chat", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


def test_plain_http_is_for_hosts_that_the_operator_named() -> None:
    check_url("http://hooks.internal:9000/a", ["hooks.internal:9000"])
    with pytest.raises(InvalidRequest):
        check_url("http://hooks.internal:9001/a", ["hooks.internal:9000"])


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.0.0.1", "169.254.169.254", "192.168.1.1", "172.16.0.1"),
        "0.0.0.0",  # noqa: S104 - an address that is refused
        *("100.64.0.1", "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1%eth0", "fc00::1"),
        *("::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "ff02::1"),
    ],
)
def test_an_address_that_is_not_public_is_refused(address: str) -> None:
    assert not public(address)


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f::1", "::ffff:93.184.215.14"])
def test_a_public_address_passes(address: str) -> None:
    assert public(address)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "::1"])
async def test_no_connection_is_made_to_a_private_address_however_it_is_written(host: str) -> None:
    with pytest.raises(Forbidden):
        await Guarded(()).connect_tcp(host, 9)


class Dialled(httpcore2.AsyncNetworkBackend):
    """Connects to nothing, and writes down to what it should have."""

    def __init__(self) -> None:
        self.hosts: list[str] = []

    async def connect_tcp(self, host: str, *_: Any, **__: Any) -> httpcore2.AsyncNetworkStream:
        self.hosts.append(host)
        return httpcore2.AsyncMockStream([])


async def test_a_name_is_resolved_once_and_what_was_checked_is_connected_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []
    answers = iter(["93.184.215.14", "127.0.0.1"])

    async def resolve(host: str, port: int, **_: object) -> list[object]:
        asked.append(host)
        return [(socket.AF_INET, 0, 0, "", (next(answers), port))]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolve)
    dialled = Dialled()
    guarded = Guarded((), dialled)
    await guarded.connect_tcp("rebinding.example", 443)
    assert (asked, dialled.hosts) == (["rebinding.example"], ["93.184.215.14"])
    with pytest.raises(Forbidden):
        await guarded.connect_tcp("rebinding.example", 443)
