"""Who makes a session's next summary, and which one is kept."""

from redis.asyncio import Redis
from tests.turns import ANN, Echo, begun, end, store

from frontdesk.contract.context import ModelCall
from frontdesk.sessions.store import Hold, Sessions
from frontdesk.sessions.summaries import Claim, Summaries, Summary
from frontdesk.sessions.totals import with_summaries

CALL = ModelCall("summary", "gpt-6-luna", 1000, 0, 100, 0)


async def moved(sessions: Sessions, count: int, hold: Hold | None = None) -> Hold:
    """A session of so many more turns, the next one begun."""
    hold = hold or await begun(sessions, "turn_0")
    first = int(hold.turn_id.removeprefix("turn_"))
    for number in range(first + 1, first + count + 1):
        await end(sessions, hold, "word " * 100)
        hold = await begun(sessions, f"turn_{number}", hold.session_id)
    return hold


async def claimed(sessions: Sessions, hold: Hold) -> Claim:
    claim = await sessions.summaries.claim(hold.owner, hold.session_id)
    assert claim
    return claim


def summary_of(claim: Claim, words: str = "They talked.") -> Summary:
    return Summary(words, claim.turns, "2026-01-02T03:04:05Z", 5)


async def test_two_processes_do_not_make_the_same_summary(redis: Redis) -> None:
    one, other = store(redis, context_tokens=1000), store(redis, context_tokens=1000)
    hold = await moved(one, 3)
    assert await one.summaries.claim(hold.owner, hold.session_id) is None
    hold = await moved(one, 5, hold)
    claim = await claimed(one, hold)
    assert [record.id for record in claim.records] == [f"turn_{n}" for n in range(claim.turns)]
    assert await other.summaries.claim(hold.owner, hold.session_id) is None
    assert await one.summaries.keep(claim, summary_of(claim), [CALL], None)
    assert await other.summaries.claim(hold.owner, hold.session_id) is None


async def test_a_stale_summary_does_not_replace_a_newer_one(redis: Redis) -> None:
    sessions = store(redis, context_tokens=1000)
    hold = await moved(sessions, 8)
    stale = await claimed(sessions, hold)
    await redis.hset(f"fd:{{{hold.owner}}}:s:{hold.session_id}:meta", "claim", "0 nobody")
    hold = await moved(sessions, 6, hold)
    newer = await claimed(sessions, hold)
    assert await sessions.summaries.keep(newer, summary_of(newer, "New."), [CALL], None)
    assert not await sessions.summaries.keep(stale, summary_of(stale, "Old."), [CALL], None)
    hold = await moved(sessions, 8, hold)
    assert hold.summary == summary_of(newer, "New.")


async def test_a_summary_that_comes_late_waits_for_the_next_move(redis: Redis) -> None:
    sessions = store(redis, context_tokens=1000)
    hold = await moved(sessions, 8)
    claim = await claimed(sessions, hold)
    assert await sessions.summaries.keep(claim, summary_of(claim), [CALL], None)
    after = await moved(sessions, 1, hold)
    assert (after.window_start, after.summary) == (hold.window_start, None)
    after = await moved(sessions, 5, after)
    assert after.summary == summary_of(claim)


async def test_a_summary_that_was_begun_before_a_reset_or_the_end_is_not_kept(
    redis: Redis,
) -> None:
    sessions = store(redis, context_tokens=1000)
    hold = await moved(sessions, 8)
    claim = await claimed(sessions, hold)
    await end(sessions, hold, fresh=True)
    assert not await sessions.summaries.keep(claim, summary_of(claim), [CALL], None)
    assert await sessions.summaries.claim(hold.owner, hold.session_id) is None
    await sessions.forget(hold.owner, hold.session_id)
    assert not await sessions.summaries.keep(claim, summary_of(claim), [CALL], None)
    assert await redis.keys("fd:{*:meta") == []


async def test_claim_and_summary_answer_a_repeat_alike_and_count_it_once(redis: Redis) -> None:
    sessions = store(redis, context_tokens=1000)
    hold = await moved(sessions, 8)
    echo = Summaries(Echo(redis, 600, 2.0, sessions.sealing))
    claim = await echo.claim(hold.owner, hold.session_id)
    assert claim
    assert await echo.keep(claim, summary_of(claim), [CALL], None)
    info = await sessions.info(sessions.owner(ANN), hold.session_id)
    assert (info.totals.model_calls, info.totals.input_tokens) == (8 + 1, 80 + 1000)
    hold = await moved(sessions, 1, hold)
    assert with_summaries(hold.totals, hold.spent).model_calls == 9 + 1
