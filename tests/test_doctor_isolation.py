"""The doctor's probe: strangers find every door shut, and a door that is open is named."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace

from redis.asyncio import Redis

from frontdesk.agents.models import Models
from frontdesk.assembly import open_desk
from frontdesk.cache.answers import AnswerCache
from frontdesk.cli.doctor.intrusions import WAYS
from frontdesk.cli.doctor.isolation import isolation
from frontdesk.cli.doctor.parrot import Parrots
from frontdesk.cli.doctor.surroundings import OpenDesk, bystander, surroundings
from frontdesk.config import Settings, load_secret
from frontdesk.contract.context import Ledger, TurnContext
from frontdesk.contract.findings import Finding
from frontdesk.contract.guardrails import Policy
from frontdesk.contract.handlers import Enrich, Handler, Outcome
from frontdesk.contract.keys import OwnerKeys
from frontdesk.contract.messages import Caller, Message
from frontdesk.contract.parts import Parts, PluginPlace
from frontdesk.desk import Desk
from frontdesk.sessions.store import Sessions
from frontdesk.testing import FakeOpenAI, Visitor
from frontdesk.tracing.spans import Spans
from frontdesk.tracing.store import Traces
from frontdesk.tracing.trace import Trace


class OneUser(Sessions):
    """Sessions that forget who speaks."""

    def owner(self, caller: Caller) -> str:
        return super().owner(Caller(caller.tenant, "everybody"))


class OneTenant(Sessions):
    """Sessions that forget for whom."""

    def owner(self, caller: Caller) -> str:
        return super().owner(Caller("everyone", caller.user))


class Everybody(Sessions):
    """Sessions of one and the same owner."""

    def owner(self, caller: Caller) -> str:
        return super().owner(Caller("everyone", "everybody"))


class SharedCache(AnswerCache):
    """A cache that answers anybody."""

    async def find(self, context: TurnContext) -> str | None:
        return await super().find(_anybodys(context))

    async def keep(self, context: TurnContext, answer: str) -> None:
        await super().keep(_anybodys(context), answer)


class OpenTraces(Traces):
    """Traces that anybody may read who knows a turn."""

    async def load(self, owner: str, turn_id: str) -> Trace:
        traces = [key async for key in self._redis.scan_iter(match=f"*:{turn_id}:trace")]
        for key in traces:
            owner = key.decode().partition("{")[2].partition("}")[0]
        return await super().load(owner, turn_id)


def _anybodys(context: TurnContext) -> TurnContext:
    anybody = Caller("shared", "shared")
    return replace(context, message=replace(context.message, caller=anybody))


def leaky(
    sessions: type[Sessions] = Sessions,
    cache: type[AnswerCache] = AnswerCache,
    traces: type[Traces] = Traces,
) -> OpenDesk:
    """Opens a desk with parts that do not keep users apart."""

    @asynccontextmanager
    async def opened(settings: Settings, models: Models) -> AsyncIterator[Desk]:
        async with bystander(settings, models) as desk:
            redis, secret = desk.sessions.redis, load_secret(settings)
            broken = replace(
                desk,
                sessions=sessions(redis, secret, settings),
                cache=cache(redis, secret, 60, "1", desk.sessions.sealing),
                traces=traces(redis, secret, 60, Spans()),
            )
            async with broken.sessions.driving(broken.turn, recovers=False):
                yield broken

    return opened


async def probed(settings: Settings, open_desk: OpenDesk = bystander) -> Finding:
    """What the probe finds at this desk."""
    async with surroundings(settings, open_desk) as around:
        return await isolation(around)


async def test_every_way_is_closed_to_strangers_and_open_to_the_owner(settings: Settings) -> None:
    finding = await probed(settings)
    assert finding.status == "PASS", finding
    assert finding.evidence.startswith(f"{len(WAYS)} ways")
    assert "not tried" not in finding.evidence


async def test_the_probe_asks_no_model_and_leaves_nothing_behind(
    settings: Settings, upstream: FakeOpenAI, redis: Redis
) -> None:
    await redis.set("somebody", "else")
    await probed(settings)
    assert upstream.calls == 0
    assert await redis.keys("*") == [b"somebody"]


async def test_sessions_that_ignore_the_user_are_found(settings: Settings) -> None:
    finding = await probed(settings, leaky(sessions=OneUser))
    assert finding.status == "FAIL"
    for way in ("list sessions", "read its turns", "read events", "go on with the session"):
        assert way in finding.evidence
    assert "another user of the tenant" in finding.evidence
    assert "the same name at another tenant" not in finding.evidence


async def test_sessions_that_ignore_the_tenant_are_found(settings: Settings) -> None:
    finding = await probed(settings, leaky(sessions=OneTenant))
    assert finding.status == "FAIL"
    assert "the same name at another tenant: owner" in finding.evidence


async def test_a_cache_that_answers_anybody_is_found_and_nothing_else_blamed(
    settings: Settings,
) -> None:
    finding = await probed(settings, leaky(cache=SharedCache))
    assert finding.status == "FAIL"
    assert "another user of the tenant: cache; the same name" in finding.evidence


async def test_traces_that_anybody_may_read_are_found(settings: Settings) -> None:
    finding = await probed(settings, leaky(traces=OpenTraces))
    assert finding.status == "FAIL"
    assert "another user of the tenant: read the trace; the same name" in finding.evidence


async def test_a_plugin_that_tells_everybody_what_it_heard_is_found(settings: Settings) -> None:
    heard: list[str] = []

    async def gossip(context: TurnContext) -> Outcome:
        heard.append(context.text)
        return Enrich(" / ".join(heard))

    @asynccontextmanager
    async def plugin(place: PluginPlace) -> AsyncIterator[Parts]:
        yield Parts(handlers=(Handler("gossip", gossip),))

    def opened(settings: Settings, models: Models) -> AbstractAsyncContextManager[Desk]:
        return open_desk(settings, models=models, plugins={"gossip": plugin}, recovers=False)

    finding = await probed(settings, opened)
    assert finding.status == "FAIL"
    assert "model's memory" in finding.evidence


async def test_where_owners_are_not_told_apart_only_the_probes_own_is_removed(
    settings: Settings, redis: Redis
) -> None:
    async with leaky(sessions=Everybody)(settings, Parrots()) as desk:
        real = Visitor(desk, "real")
        await real.ask("/help")
        await probed(settings, leaky(sessions=Everybody))
        assert len(await real.records()) == 1


async def test_a_turn_that_waits_for_recovery_is_left_alone(
    settings: Settings, redis: Redis
) -> None:
    sessions = Sessions(redis, load_secret(settings), settings.model_copy(update={"lease_s": 0.2}))
    message = Message("turn_real", Caller("shop", "ann"), "Hello")
    begun = await sessions.begin(message, "Hello", Ledger())
    owner = sessions.owner(message.caller)
    lease = OwnerKeys(owner).session(begun.session_id, "lease")
    async with asyncio.timeout(5):
        while await redis.exists(lease):  # noqa: ASYNC110 - a server has no events
            await asyncio.sleep(0.02)
    assert (await probed(settings)).status == "PASS"
    assert (await sessions.result(owner, "turn_real")).status == "in_progress"
    assert not await redis.exists(lease)


async def test_a_policy_that_blocks_the_probe_is_a_warning(settings: Settings) -> None:
    def opened(settings: Settings, models: Models) -> AbstractAsyncContextManager[Desk]:
        policy = Policy(blocked_words=("would",))
        return open_desk(settings, models=models, policy=policy, recovers=False)

    finding = await probed(settings, opened)
    assert finding.status == "WARN"
    assert "blocked" in finding.evidence
