"""The live probe: two strangers try to get at what a throw-away user has at the real desk."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from redis.asyncio import Redis

from frontdesk.cli.doctor.intrusions import WAYS, Loot, ways_in
from frontdesk.cli.doctor.parrot import Parrots, word
from frontdesk.cli.doctor.surroundings import Surroundings
from frontdesk.config import Settings, load_secret
from frontdesk.contract.errors import NotFound, StoreUnavailable
from frontdesk.contract.findings import Finding, failed, passed, warned
from frontdesk.contract.keys import LEASES, OwnerKeys
from frontdesk.contract.turns import TurnResult
from frontdesk.desk import Desk
from frontdesk.sessions.store import Sessions
from frontdesk.testing import Visitor

PASSING = {
    "session_ttl_s": 600,
    "trace_ttl_s": 600,
    "usage_ttl_s": 600,
    "cache_ttl_s": 60,
    "trace_to_openai": False,
}
"""Whatever is left behind ends by itself, also when this process is killed."""
CLEANING_S = 5.0
ASKED_AGAIN = 3


async def isolation(around: Surroundings) -> Finding:
    """Whether users of this desk get at each other's things. The desk is the deployment's own, with
    its plugins, guardrails, secret and store; only its model is one that costs nothing.
    """
    models, visitors = Parrots(), list[Visitor]()
    settings = around.settings.model_copy(update=PASSING)
    owners: list[str] = []
    try:
        async with around.open_desk(settings, models) as desk:
            visitors = _visitors(desk)
            owners = [visitor.owner for visitor in visitors]
            return await _probe(desk, visitors, models.parrot.heard)
    finally:
        # Only after the desk has closed: by then its last turn has written all that it writes.
        with suppress(TimeoutError, StoreUnavailable):
            async with asyncio.timeout(CLEANING_S):
                await _clean(around.redis, settings, owners, visitors)


def _visitors(desk: Desk) -> list[Visitor]:
    """A victim; another user of the same tenant; the same name at another tenant."""
    tenant, user = f"doctor-{word()}", word()
    return [
        Visitor(desk, user, tenant),
        Visitor(desk, word(), tenant),
        Visitor(desk, user, f"doctor-{word()}"),
    ]


async def _probe(desk: Desk, visitors: Sequence[Visitor], heard: list[str]) -> Finding:
    victim, *strangers = visitors
    confided, question = word(), f"What would a {word()} say to a {word()} about {word()}?"
    first = await victim.ask(question)
    if first.status != "completed":
        return _silent(first)
    session_id = victim.session_id
    await victim.ask(f"My own word is {confided}, remember that.")
    answers = frozenset([first.answer, await _asked_again(victim, question)])
    victim.session_id = session_id
    loot = Loot(desk, victim.owner, session_id, first.turn_id, question, answers, confided, heard)
    leaks = [(stranger, await ways_in(loot, stranger)) for stranger in strangers]
    # The victim takes the same ways: one that is closed to its owner too has proved nothing.
    open_ways = await ways_in(loot, victim)
    return _judged(victim, leaks, open_ways)


async def _asked_again(victim: Visitor, question: str) -> str:
    """Asks in new sessions until the answer comes from the cache, which is filled after a turn."""
    for _ in range(ASKED_AGAIN):
        again = await victim.ask(question, session_id="")
        if again.rung == "cache":
            break
    return again.answer


def _silent(turn: TurnResult) -> Finding:
    if turn.error:
        return failed(f"a throw-away user's turn failed: {turn.error.code}", turn.error.detail)
    stopped = turn.guardrail.name if turn.guardrail else "a handler"
    return warned(
        f"not tried: {stopped} blocked a harmless question",
        "See what the guardrail policy and the handlers let through.",
    )


def _judged(
    victim: Visitor, leaks: Sequence[tuple[Visitor, Sequence[str]]], open_ways: Sequence[str]
) -> Finding:
    found = [f"{_who(victim, each)}: {', '.join(ways)}" for each, ways in leaks if ways]
    if found:
        return failed(
            f"users get at what is others' - {'; '.join(found)}",
            "Stop serving until this is mended. Try without FRONTDESK_PLUGINS_DIR to see whether "
            "a plugin does it; report it if none does.",
        )
    closed = [name for name in WAYS if name not in open_ways]
    said = f"{len(open_ways)} ways, each closed to 2 strangers and open to the owner"
    return passed(f"{said}; not tried: {', '.join(closed)}" if closed else said)


def _who(victim: Visitor, stranger: Visitor) -> str:
    same = victim.caller.tenant == stranger.caller.tenant
    return "another user of the tenant" if same else "the same name at another tenant"


async def _clean(
    redis: Redis, settings: Settings, owners: Sequence[str], visitors: Sequence[Visitor]
) -> None:
    sessions = Sessions(redis, load_secret(settings), settings)
    for owner, visitor in zip(owners, visitors, strict=True):
        with suppress(NotFound):
            await sessions.forget(owner, visitor.session_id)
    if len(set(owners)) < len(owners):
        return  # owners are not told apart here: what is left may be a real user's
    tenants = {sessions.usage.tenant(visitor.caller.tenant) for visitor in visitors}
    for owner in (*owners, *tenants):
        async for key in redis.scan_iter(match=f"{OwnerKeys(owner).prefix}*", count=1000):
            await redis.unlink(key)
        async for entry, _ in redis.zscan_iter(LEASES, match=f"{owner} *"):
            await redis.zrem(LEASES, entry)
