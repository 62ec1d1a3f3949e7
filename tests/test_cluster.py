"""A cluster of six nodes: everything works on it, and goes on when a master is killed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from itertools import pairwise
from pathlib import Path
from time import perf_counter

import pytest
import pytest_asyncio
from redis.asyncio import Redis
from tests.redis_talks import Crowd
from tests.redis_topologies import Server, cluster, cluster_url, owner_of_slot

from frontdesk.assembly import open_desk
from frontdesk.budget.limits import MINUTE_MS, Limit, Limiter
from frontdesk.config import Settings, load_settings
from frontdesk.contract.context import Ledger
from frontdesk.contract.errors import RateLimited
from frontdesk.contract.events import TextDelta
from frontdesk.contract.keys import DEPLOYMENT, LEASES, OwnerKeys, limit_key, tenant_of
from frontdesk.contract.messages import Caller, Message
from frontdesk.contract.turns import TurnResult
from frontdesk.demo import policy, shop
from frontdesk.desk import Desk
from frontdesk.preprocess.faq import FaqHits
from frontdesk.server.api_keys import ApiKeys
from frontdesk.server.audit import Audit
from frontdesk.server.refusals import Refusals
from frontdesk.sessions.connection import open_redis
from frontdesk.sessions.responses import Outcome, StoredResponse
from frontdesk.testing import FakeOpenAI, Visitor


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def nodes(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[list[Server]]:
    async with cluster(tmp_path_factory.mktemp("cluster")) as started:
        yield started


@pytest_asyncio.fixture
async def redis(nodes: list[Server]) -> AsyncIterator[Redis]:
    """A client of the cluster."""
    async with open_redis(cluster_url(nodes)) as client:
        yield client


def settings(nodes: list[Server], upstream: FakeOpenAI, folder: Path) -> Settings:
    return load_settings(
        redis_url=cluster_url(nodes),
        secret="a secret for tests",
        openai_base_url=upstream.base_url,
        data_dir=folder,
        lease_s=10.0,  # longer than a failover: shorter ones run out in it
    )


@asynccontextmanager
async def desks(
    nodes: list[Server], upstream: FakeOpenAI, folder: Path
) -> AsyncIterator[tuple[Desk, Desk]]:
    """Two processes' desks on one cluster."""
    chosen = settings(nodes, upstream, folder)
    async with (
        open_desk(chosen, plugins={"shop": shop}, policy=policy()) as one,
        open_desk(chosen, plugins={"shop": shop}, policy=policy()) as two,
    ):
        yield one, two


async def test_responses_and_conversations_are_kept_on_a_cluster(
    nodes: list[Server], upstream: FakeOpenAI, tmp_path: Path
) -> None:
    async with desks(nodes, upstream, tmp_path) as (one, _):
        owner, kept = Visitor(one, "ann").owner, one.sessions.conversations
        talk = "sess_1"
        await kept.create(owner, talk, {"topic": "orders"}, "")
        items = [{"id": f"msg_{n}"} for n in range(3)]
        assert await kept.add(owner, talk, items, await kept.unlisted(owner, talk))
        await kept.drop(owner, talk, ["msg_1"])
        assert await kept.read(owner, talk, await kept.ids(owner, talk)) == (items[0], items[2])
        await kept.responses.keep(owner, StoredResponse("X", 1.0, {}))
        outcome = Outcome(((0, "Hi"),), TurnResult("turn_X", talk, "completed", "Hi"))
        await kept.responses.settle(owner, "X", outcome)
        assert (await kept.responses.load(owner, "X")).outcome == outcome
        await kept.responses.delete(owner, "X", whole=True)
        await one.sessions.forget(owner, talk)
        assert await kept.ids(owner, talk) == []


async def test_turns_go_their_whole_way_on_a_cluster(
    nodes: list[Server], upstream: FakeOpenAI, tmp_path: Path
) -> None:
    async with desks(nodes, upstream, tmp_path) as (one, two):
        ann, elsewhere = Visitor(one, "ann"), Visitor(two, "ann")
        first = await ann.ask("Which colours does the garden bench come in?")
        again = await ann.ask("Which colours does the garden bench come in?")
        assert (first.rung, again.rung, again.answer) == ("triage", "cache", first.answer)
        assert (await ann.ask("Where is my order 2024-1001?")).rung == "handler"
        elsewhere.session_id = ann.session_id
        hard = await elsewhere.ask("I want my money back [handoff:complaints]")
        assert (hard.agent, len(await ann.records())) == ("complaints", 4)
        assert (await one.traces.load(ann.owner, hard.turn_id)).turn_id == hard.turn_id
        assert await one.sessions.forget(ann.owner, ann.session_id) > 4
        assert await one.sessions.list(ann.owner, 10) == ()


async def test_a_message_that_waits_is_taken_up_on_a_cluster(
    nodes: list[Server], upstream: FakeOpenAI, tmp_path: Path
) -> None:
    async with desks(nodes, upstream, tmp_path) as (one, two):
        ann = Visitor(one, "queueing ann")
        first = await ann.send("Tell me something [slow:0.05]")
        ann.desk = two
        second = await ann.send("And this at the same time")
        assert (await ann.read(second))[0].kind == "turn.queued"
        assert [record.id for record in await ann.records()] == [first, second]


async def test_a_reader_is_woken_by_another_process_through_any_node(
    nodes: list[Server], upstream: FakeOpenAI, tmp_path: Path
) -> None:
    async with desks(nodes, upstream, tmp_path) as (one, two):
        for number in range(3):  # of several slots
            ann = Visitor(one, f"streaming ann {number}")
            turn = await ann.send("Tell me [slow:0.03] [long:100]", stream=True)
            seen: list[float] = []
            async with aclosing(two.sessions.events(ann.owner, turn)) as events:
                async for _, event in events:
                    if isinstance(event, TextDelta):
                        seen.append(perf_counter())
            gaps = [later - sooner for sooner, later in pairwise(seen)]
            assert len(gaps) > 5
            assert max(gaps[1:]) < 0.9, "a reader that nobody wakes looks once a second"


async def test_the_turn_of_a_dead_process_is_taken_over_on_a_cluster(
    nodes: list[Server], upstream: FakeOpenAI, tmp_path: Path, redis: Redis
) -> None:
    async with desks(nodes, upstream, tmp_path) as (one, two):
        message = Message("turn_left", Caller("local", "left ann"), "Is anybody there?")
        begun = await one.sessions.begin(message, message.text, Ledger())  # and nobody runs it
        owner = one.sessions.owner(message.caller)
        assert await redis.zscore(LEASES, f"{owner} {begun.session_id}")
        async with aclosing(two.sessions.events(owner, "turn_left")) as events:
            kinds = [event.kind async for _, event in events]
        assert kinds[-1] == "turn.completed"


async def test_refusals_are_counted_and_the_audit_is_kept_on_a_cluster(redis: Redis) -> None:
    refusals, audit = Refusals(redis), Audit(redis)
    for number in range(5):  # of several slots
        assert [(await refusals.count(f"address {number}")).times for _ in range(3)] == [1, 2, 3]
    await audit.record("key.created", "command", key="k-1")
    assert "k-1" in [entry.about.get("key") for entry in await audit.read(10)]


async def test_keys_and_counters_work_on_a_cluster(redis: Redis) -> None:
    keys = ApiKeys(redis)
    key_id, token = await keys.create("acme")
    found = await keys.find(token)
    assert found is not None
    assert found.id == key_id
    assert await keys.revoke(key_id)
    await FaqHits(redis).count("opening-hours")
    assert (await FaqHits(redis).read())["opening-hours"] == 1


async def test_scripts_are_found_again_after_a_node_has_lost_them(
    nodes: list[Server], upstream: FakeOpenAI, tmp_path: Path, redis: Redis
) -> None:
    async with desks(nodes, upstream, tmp_path) as (one, _):
        ann = Visitor(one, "scripted ann")
        await ann.ask("Good morning")
        await redis.script_flush()
        assert (await ann.ask("Good evening")).status == "completed"


async def test_a_thousand_commands_at_once_wait_for_room(redis: Redis) -> None:
    key = OwnerKeys("crowd").session("s", "meta")
    await asyncio.gather(*(redis.hincrby(key, "n", 1) for _ in range(1000)))
    assert await redis.hget(key, "n") == b"1000"
    await redis.delete(key)


async def test_conversations_go_on_when_the_master_of_their_slot_is_killed(
    upstream: FakeOpenAI, tmp_path: Path
) -> None:
    async with (
        cluster(tmp_path / "cluster") as nodes,
        desks(nodes, upstream, tmp_path / "data") as (one, two),
    ):
        crowd = Crowd.of(one, two)
        slot = OwnerKeys(crowd.talks[0].visitor.owner).sessions
        hit = await owner_of_slot(nodes, slot)
        await crowd.talk_through(hit.kill, crowd.talks[0])
        await crowd.check()
        assert await owner_of_slot([each for each in nodes if each is not hit], slot) is not hit


async def test_limits_are_exact_on_a_cluster(redis: Redis) -> None:
    limiter, tenant = Limiter(redis), tenant_of(b"secret", "acme")
    user = Limit("requests", limit_key(tenant, "requests", "ann"), 9, MINUTE_MS)
    everybody = Limit("requests", limit_key(DEPLOYMENT, "requests"), 6, MINUTE_MS)
    calls = (limiter.take([user, everybody]) for _ in range(30))
    ended = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(each) for each in ended if each is not True] == [RateLimited] * 24
    assert [await redis.llen(limit.key) for limit in (user, everybody)] == [6, 6]
