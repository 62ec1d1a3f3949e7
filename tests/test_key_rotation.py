"""Keys that are missing, that change, and that can go."""

import asyncio
from typing import Any

import httpx2
import pytest
from redis.asyncio import Redis
from tests.sealed_desks import (
    FOUND,
    NEW,
    OLD,
    QUESTION,
    SAID,
    approved,
    converse,
    keyed,
    sealing,
    visited,
    with_keys,
)
from tests.test_lifecycle import exported
from tests.test_summary_claims import claimed, moved, summary_of
from tests.turns import begin, begun, end, talk

from frontdesk.cli import main
from frontdesk.cli.doctor.examination import CHECKS, examine_with
from frontdesk.config import Settings
from frontdesk.contract.errors import SettingsError, StoreUnreadable
from frontdesk.contract.findings import Result
from frontdesk.contract.keys import OwnerKeys
from frontdesk.sessions.resealing import Resealing
from frontdesk.sessions.sealing import is_sealed, label_of
from frontdesk.testing import FakeOpenAI


async def test_a_missing_key_fails_the_turn_by_name_and_changes_nothing(
    settings: Settings, redis: Redis
) -> None:
    async with visited(settings, OLD) as ann:
        await ann.ask(f"{SAID} one")
        session_id = ann.session_id
    history = OwnerKeys(ann.owner).session(session_id, "turns")
    (sealed,) = await redis.lrange(history, 0, -1)
    async with visited(settings, NEW) as ann:
        failed = await ann.ask("What did I say?", session_id=session_id)
    assert failed.error
    assert (failed.error.code, failed.error.status) == ("store_unreadable", 503)
    assert sealing(OLD).key_ids[0] in failed.error.detail
    assert await redis.lindex(history, 0) == sealed
    async with visited(settings, NEW, OLD) as ann:
        ann.session_id = session_id
        assert (await ann.ask("What did I say?")).status == "completed"
        assert (await ann.records())[0].user == f"{SAID} one"


async def test_whatever_is_read_with_a_missing_key_says_so(redis: Redis) -> None:
    sealed = keyed(redis, OLD)
    hold = await begun(sealed)
    await end(sealed, hold)
    await sealed.facts.keep(hold.owner, "I like tea.")
    await sealed.lifecycle.label(hold.owner, hold.session_id, "Title")
    for closed in (keyed(redis), keyed(redis, NEW)):
        for read in (
            closed.result(hold.owner, "turn_a"),
            closed.turns(hold.owner, hold.session_id, 10),
            closed.info(hold.owner, hold.session_id),
            closed.list(hold.owner, 10),
            closed.facts.list(hold.owner),
            closed.pins.pin(hold.owner, "turn_a"),
            exported(closed, hold.session_id),
            anext(closed.events(hold.owner, "turn_a")),
        ):
            with pytest.raises(StoreUnreadable, match=sealing(OLD).key_ids[0]):
                await read


async def test_a_message_that_waits_under_a_missing_key_is_set_aside_and_its_turn_told(
    redis: Redis,
) -> None:
    sealed, other = keyed(redis, OLD), keyed(redis, NEW)
    hold = await begun(sealed)
    await begin(sealed, "turn_b", hold.session_id)
    following = await end(other, hold)
    assert following
    assert isinstance(following.unreadable, StoreUnreadable)
    assert [is_sealed(raw) for _, raw in following.broken] == [True]


async def test_the_api_answers_with_a_problem_that_names_the_key(
    ann_http: httpx2.AsyncClient, settings: Settings
) -> None:
    async with visited(settings, OLD) as ann:
        await ann.ask(f"{SAID} one")
    answer = await ann_http.get(f"/v1/sessions/{ann.session_id}/turns")
    assert (answer.status_code, answer.json()["code"]) == (503, "store_unreadable")
    assert sealing(OLD).key_ids[0] in answer.json()["detail"]
    assert answer.headers["retry-after"]


async def test_a_summary_under_a_missing_key_stops_the_turn_and_its_own_renewal(
    redis: Redis,
) -> None:
    both, new = (keyed(redis, *keys, context_tokens=1000) for keys in ((NEW, OLD), (NEW,)))
    hold = await moved(both, 8)
    claim = await claimed(both, hold)
    await keyed(redis, OLD).summaries.keep(claim, summary_of(claim), (), None)
    hold = await moved(both, 8, hold)
    assert hold.summary
    following = await begin(new, "turn_next", hold.session_id)
    assert following.state == "queued"
    ended = await end(new, hold)
    assert ended
    assert isinstance(ended.unreadable, StoreUnreadable)
    with pytest.raises(StoreUnreadable, match=sealing(OLD).key_ids[0]):
        await new.summaries.claim(hold.owner, hold.session_id)


async def test_a_summary_that_waits_is_resealed(redis: Redis) -> None:
    old = keyed(redis, OLD, context_tokens=1000)
    hold = await moved(old, 8)
    claim = await claimed(old, hold)
    await old.summaries.keep(claim, summary_of(claim), (), None)
    await Resealing(redis, sealing(NEW, OLD)).run()
    later = await moved(keyed(redis, NEW, context_tokens=1000), 8, hold)
    assert later.summary == summary_of(claim)


async def test_a_kept_answer_under_a_missing_key_is_a_miss(settings: Settings) -> None:
    async with visited(settings, OLD) as ann:
        await ann.ask(QUESTION)
    async with visited(settings, NEW) as ann:
        assert (await ann.ask(QUESTION, session_id="")).rung == "triage"


async def test_after_a_rotation_old_and_new_are_read_and_the_new_key_seals(redis: Redis) -> None:
    plain = keyed(redis)
    hold = await begun(plain, "turn_0")
    await end(plain, hold)
    for number, keys in enumerate([(OLD,), (OLD, NEW), (NEW, OLD)], 1):
        hold = await begun(keyed(redis, *keys), f"turn_{number}", hold.session_id)
        await end(keyed(redis, *keys), hold)
    raw: Any = await redis.lrange(OwnerKeys(hold.owner).session(hold.session_id, "turns"), 0, -1)
    old, new = sealing(OLD, NEW).key_ids
    assert [is_sealed(element) for element in raw] == [False, True, True, True]
    assert [label_of(element).key_id for element in raw[1:]] == [old, old, new]
    read = await keyed(redis, NEW, OLD).turns(hold.owner, hold.session_id, 10)
    assert [record.user for record in read] == [f"text turn_{n}" for n in range(4)]
    last = await begun(keyed(redis, NEW, OLD), "turn_4", hold.session_id)
    assert [record.user for record in last.history] == [f"text turn_{n}" for n in range(4)]


async def test_a_session_is_forgotten_whole_without_its_key(redis: Redis) -> None:
    hold = await talk(keyed(redis, OLD), 2)
    await keyed(redis).forget(hold.owner, hold.session_id)
    assert await redis.keys(f"fd:{{{hold.owner}}}:t:*") == []


@pytest.mark.parametrize("first", [(), (OLD,)])
async def test_after_resealing_an_old_key_is_not_needed_any_more(
    settings: Settings, redis: Redis, upstream: FakeOpenAI, first: tuple[str, ...]
) -> None:
    async with visited(settings, *first) as ann:
        await converse(ann, upstream)
        before = await ann.records()
    done = await Resealing(redis, sealing(NEW, OLD)).run()
    assert (done.sealed > len(before), done.changed, done.closed) == (True, 0, {})
    async with visited(settings, NEW) as again:
        again.session_id = ann.session_id
        assert await again.records() == before
        (waiting,) = await again.desk.sessions.approvals.waiting(ann.owner)
        assert f"{FOUND} is ordered" in ((await approved(again, waiting)).answer or "")
        assert [fact.text for fact in await again.desk.sessions.facts.list(ann.owner)] != []
        assert (await again.ask(f"{SAID} once more")).status == "completed"
        assert (await again.ask(QUESTION, session_id="")).rung == "triage"
    assert (await Resealing(redis, sealing(NEW)).run()).sealed == 0


async def test_what_is_rewritten_keeps_its_end_and_its_name(redis: Redis) -> None:
    hold = await talk(keyed(redis, OLD), 1)
    await redis.set(f"fd:{{{hold.owner}}}:cache:x", "tea", ex=60)
    await Resealing(redis, sealing(NEW, OLD)).run()
    assert await redis.ttl(f"fd:{{{hold.owner}}}:cache:x") > 0
    raw: Any = await redis.lindex(OwnerKeys(hold.owner).session(hold.session_id, "turns"), 0)
    assert label_of(raw).name == "turn_0"


async def test_a_turn_that_runs_meanwhile_ends_as_if_nothing_was(redis: Redis) -> None:
    sessions = keyed(redis, NEW, OLD)
    hold = await talk(keyed(redis, OLD), 2)
    await begin(keyed(redis, OLD), "turn_waits", hold.session_id)
    await Resealing(redis, sealing(NEW, OLD)).run()
    following = await end(sessions, hold)
    assert following
    assert following.text == "text turn_waits"
    assert [record.user for record in following.history] == [f"text turn_{n}" for n in range(3)]


async def test_what_does_not_open_stays_and_is_counted_by_the_missing_key(redis: Redis) -> None:
    hold = await talk(keyed(redis, OLD), 2)
    done = await Resealing(redis, sealing(NEW)).run()
    assert (done.sealed, done.closed) == (0, {sealing(OLD).key_ids[0]: 5})
    assert len(await keyed(redis, OLD).turns(hold.owner, hold.session_id, 10)) == 2


async def test_without_keys_there_is_nothing_to_seal_with(redis: Redis) -> None:
    with pytest.raises(SettingsError, match="FRONTDESK_ENCRYPTION_KEYS"):
        await Resealing(redis, sealing()).run()


async def doctor(settings: Settings, *keys: str) -> Result:
    checks = [check for check in CHECKS if check.name in ("redis", "encryption")]
    return (await examine_with(with_keys(settings, *keys), checks=checks))[-1]


async def test_the_doctor_counts_what_each_key_seals(settings: Settings, redis: Redis) -> None:
    assert (await doctor(settings)).evidence == "off; values by key: none"
    hold = await begun(keyed(redis, OLD))
    await end(keyed(redis, OLD), hold)
    found = await doctor(settings, NEW, OLD)
    new, old = sealing(NEW, OLD).key_ids
    assert (found.status, found.evidence) == ("PASS", f"seals with {new}; values by key: {old} 2")


@pytest.mark.parametrize("keys", [(), (NEW,)])
async def test_the_doctor_names_a_missing_key(
    settings: Settings, redis: Redis, keys: tuple[str, ...]
) -> None:
    await talk(keyed(redis, OLD), 1)
    found = await doctor(settings, *keys)
    assert found.status == "FAIL"
    assert f"missing: {sealing(OLD).key_ids[0]}" in found.evidence
    assert "FRONTDESK_ENCRYPTION_KEYS" in found.advice


async def test_the_doctor_says_which_key_is_wrong_and_shows_none(settings: Settings) -> None:
    found = await doctor(settings, NEW, OLD[:-1])
    assert (found.status, "number 2" in found.advice) == ("FAIL", True)
    assert not any(key in found.evidence + found.advice for key in (NEW, OLD[:-1]))


async def test_an_operator_seals_anew(
    settings: Settings, redis: Redis, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    await talk(keyed(redis, OLD), 1)
    assert settings.redis_url
    monkeypatch.setenv("REDIS_URL", settings.redis_url)
    monkeypatch.setenv("FRONTDESK_ENCRYPTION_KEYS", f"{NEW},{OLD}")
    with pytest.raises(SystemExit) as exit_:
        await asyncio.to_thread(main, ["reseal"])
    new, _ = sealing(NEW, OLD).key_ids
    assert exit_.value.code == 0
    assert capsys.readouterr().out == f"Sealed 3 values anew with the key {new}.\n"
