"""A master, its replica and three Sentinels: the URL finds the master, also when it changes."""

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from redis.asyncio import Redis
from tests.redis_talks import Crowd
from tests.redis_topologies import Watched, until, watched

from frontdesk.assembly import open_desk
from frontdesk.config import load_settings
from frontdesk.contract.errors import SettingsError, StoreUnavailable
from frontdesk.demo import policy, shop
from frontdesk.desk import Desk
from frontdesk.sessions.addresses import read_address
from frontdesk.sessions.connection import open_redis, translated
from frontdesk.testing import FakeOpenAI, Visitor


@asynccontextmanager
async def desk_on(pair: Watched, upstream: FakeOpenAI, folder: Path) -> AsyncIterator[Desk]:
    """A desk on whatever server is the master."""
    settings = load_settings(
        redis_url=pair.url,
        secret="a secret for tests",
        openai_base_url=upstream.base_url,
        data_dir=folder,
        lease_s=2.0,
    )
    async with open_desk(settings, plugins={"shop": shop}, policy=policy()) as desk:
        yield desk


async def port_of(redis: Redis) -> int:
    told = await redis.info("server")
    return int(told["tcp_port"])


async def test_conversations_go_on_when_the_master_is_killed(
    upstream: FakeOpenAI, tmp_path: Path
) -> None:
    async with watched(tmp_path) as pair, desk_on(pair, upstream, tmp_path / "data") as desk:
        assert await port_of(desk.sessions.redis) == pair.master.port
        crowd = Crowd.of(desk)
        await crowd.talk_through(pair.master.kill, crowd.talks[0])
        await crowd.check()
        assert await port_of(desk.sessions.redis) == pair.replica.port
    gc.collect()  # a connection that was lost open is told now, as a warning: an error here


async def test_a_master_that_steps_down_is_followed(upstream: FakeOpenAI, tmp_path: Path) -> None:
    async with watched(tmp_path) as pair, desk_on(pair, upstream, tmp_path / "data") as desk:
        ann = Visitor(desk, "ann")
        await ann.ask("Good morning")
        async with pair.sentinels[0].client() as sentinel, pair.master.client() as old:
            await sentinel.execute_command("SENTINEL", "FAILOVER", "desk")
            await until(lambda: is_replica(old))
        assert (await ann.ask("Are you still there?")).status == "completed"
        assert len(await ann.records()) == 2
        assert await port_of(desk.sessions.redis) == pair.replica.port


async def is_replica(redis: Redis) -> bool:
    told = await redis.info("replication")
    return bool(told["role"] == "slave")


async def test_a_master_that_no_sentinel_knows_is_told_in_time(tmp_path: Path) -> None:
    async with (
        watched(tmp_path) as pair,
        open_redis(pair.url.replace("/desk", "/elsewhere")) as redis,
    ):
        async with asyncio.timeout(3):
            with pytest.raises(StoreUnavailable), translated():
                await redis.ping()
        async with open_redis(pair.url) as known:
            await pair.sentinels[0].kill()
            assert await known.ping()


async def test_many_callers_wait_for_a_connection_to_the_master(tmp_path: Path) -> None:
    async with watched(tmp_path) as pair, open_redis(pair.url) as redis:
        await asyncio.gather(*(redis.incr("n") for _ in range(500)))
        assert await redis.get("n") == b"500"


def test_the_url_of_a_cluster_names_user_options_and_nodes() -> None:
    address = read_address("rediss+cluster://ann:p%40ss@one:7000,two?ssl_ca_certs=/ca.pem")
    assert (address.kind, address.nodes) == ("cluster", (("one", 7000), ("two", 6379)))
    options = {"username": "ann", "password": "p@ss", "ssl": True, "ssl_ca_certs": "/ca.pem"}
    assert address.options == options


def test_the_url_of_sentinels_names_their_master_and_who_they_let_in() -> None:
    url = "redis+sentinel://ann:secret@one,two:7/desk?db=3&sentinel_password=other"
    address = read_address(url)
    assert (address.service, address.nodes) == ("desk", (("one", 26379), ("two", 7)))
    assert address.options == {"username": "ann", "password": "secret", "db": 3}
    assert address.sentinel_options == {"password": "other"}


@pytest.mark.parametrize(
    "url",
    [
        "redis+sentinel://hidden@one,two",
        "redis+cluster://:hidden@",
        "redis+magic://:hidden@one",
        "http://:hidden@one",
        "redis+cluster://:hidden@one:port",
    ],
)
def test_a_url_that_is_none_is_refused_without_quoting_it(url: str) -> None:
    with pytest.raises(SettingsError) as refused:
        read_address(url)
    assert "REDIS_URL" in refused.value.detail
    assert "hidden" not in refused.value.detail
