"""A user is forgotten: everything of theirs, at once, and nothing of anybody else."""

import asyncio
import json

import httpx2
import pytest
from redis.asyncio import Redis
from tests.turns import ANN, begin, begun, end, store

from frontdesk.cli import main
from frontdesk.config import Settings
from frontdesk.contract.errors import Fenced
from frontdesk.contract.keys import LEASES
from frontdesk.testing import Visitor

QUESTION = "Which colours does the garden bench come in?"


async def keys_of(redis: Redis, owner: str) -> list[bytes]:
    everywhere = [key async for key in redis.scan_iter(match="*")]
    return [key for key in everywhere if owner.encode() in key]


async def test_nothing_with_the_owner_remains_and_the_answer_counts_what_went(
    ann: Visitor, ann_http: httpx2.AsyncClient, redis: Redis
) -> None:
    await ann.ask(QUESTION)
    await ann.ask("Another session then", session_id="")
    answer = (await ann_http.delete("/v1/users/me")).json()
    counted = {"sessions": 2, "turns": 2, "events": 2, "traces": 2, "cache": 1, "facts": 0}
    assert answer["deleted"].items() >= counted.items()
    assert answer["remaining"] == 0
    assert await keys_of(redis, ann.owner) == []
    assert not [e async for e in redis.zscan_iter(LEASES) if ann.owner.encode() in e[0]]


async def test_others_keep_everything(
    ann: Visitor, bob: Visitor, ann_http: httpx2.AsyncClient
) -> None:
    await ann.ask(QUESTION)
    await bob.ask(QUESTION)
    await ann_http.delete("/v1/users/me")
    assert len(await bob.records()) == 1
    assert (await bob.ask("And in which sizes?")).status == "completed"


async def test_a_turn_that_runs_meanwhile_leaves_nothing(redis: Redis) -> None:
    sessions = store(redis)
    hold = await begun(sessions)
    await begin(sessions, "turn_waits", hold.session_id)
    erased = await sessions.erasure.forget(hold.owner, "local")
    assert (erased.deleted["turns"], erased.deleted["queues"]) == (2, 1)
    with pytest.raises(Fenced):
        await end(sessions, hold)
    assert await keys_of(redis, hold.owner) == []


async def test_keys_that_no_index_names_are_found(redis: Redis) -> None:
    sessions = store(redis)
    owner = sessions.owner(ANN)
    for part in ("t:lost", "t:lost:events", "s:lost:turns", "cache:x", "from-a-later-version:x"):
        await redis.set(f"fd:{{{owner}}}:{part}", "x", ex=60)
    erased = await sessions.erasure.forget(owner, "local")
    assert (sum(erased.deleted.values()), erased.remaining) == (5, 0)
    assert erased.deleted["other"] == 1


async def test_an_operator_forgets_a_user(
    ann: Visitor,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    await ann.ask(QUESTION)
    assert settings.redis_url
    monkeypatch.setenv("REDIS_URL", settings.redis_url)
    monkeypatch.setenv("FRONTDESK_SECRET", "a secret for tests")
    with pytest.raises(SystemExit) as exit_:
        await asyncio.to_thread(main, ["user", "forget", "--user", "ann", "--json"])
    assert exit_.value.code == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["remaining"] == 0
    assert await keys_of(ann.desk.sessions.redis, ann.owner) == []
