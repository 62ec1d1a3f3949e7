"""Jobs on the real engine: submitted once, done once, later or again, taken back."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from redis.asyncio import Redis

from frontdesk.jobs import dockets
from frontdesk.jobs.board import Handler
from frontdesk.jobs.dockets import DocketJobs, open_docket


class Doing:
    """A handler that writes down what it did; `answers` says when to do a job again."""

    def __init__(self) -> None:
        self.done: list[tuple[str, int]] = []
        self.answers: dict[int, float] = {}
        self.fails: set[int] = set()
        self.news = asyncio.Event()
        self.open = asyncio.Event()
        self.open.set()

    async def __call__(self, told: str, attempt: int) -> float | None:
        self.done.append((told, attempt))
        self.news.set()
        if attempt in self.fails:
            raise RuntimeError("it broke")
        await self.open.wait()
        return self.answers.get(attempt)

    async def until(self, count: int) -> None:
        async with asyncio.timeout(10):
            while len(self.done) < count:
                await self.news.wait()
                self.news.clear()


@pytest.fixture
def doing() -> Doing:
    return Doing()


@pytest_asyncio.fixture
async def jobs(redis_url: str, redis: Redis, doing: Doing) -> AsyncIterator[DocketJobs]:
    handler: Handler = doing
    async with open_docket(redis_url, {"do": handler}) as opened:
        yield opened


async def test_a_job_is_done_once_however_often_it_is_submitted(
    jobs: DocketJobs, doing: Doing
) -> None:
    assert await jobs.submit("do", "a", '{"n": 1}')
    assert not await jobs.submit("do", "a", '{"n": 2}')
    await jobs.submit("do", "b", "{}")
    jobs.work(2, 5.0)
    await doing.until(2)
    assert sorted(doing.done) == [('{"n": 1}', 1), ("{}", 1)]


async def test_a_job_that_asks_for_it_is_done_again(jobs: DocketJobs, doing: Doing) -> None:
    doing.answers = {1: 0.0, 2: 0.2}
    await jobs.submit("do", "a", "{}")
    jobs.work(1, 5.0)
    await doing.until(3)
    assert doing.done == [("{}", 1), ("{}", 2), ("{}", 3)]


async def test_a_job_that_fails_is_done_again(
    jobs: DocketJobs, doing: Doing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dockets, "AGAIN_S", 0.1)
    doing.fails = {1}
    await jobs.submit("do", "a", "{}")
    jobs.work(1, 5.0)
    await doing.until(2)
    assert [attempt for _, attempt in doing.done] == [1, 2]


async def test_a_job_can_be_put_off_brought_forward_and_taken_back(
    jobs: DocketJobs, doing: Doing
) -> None:
    await jobs.submit("do", "later", '"later"', delay_s=600)
    await jobs.submit("do", "never", '"never"', delay_s=600)
    await jobs.cancel("never")
    await jobs.submit("do", "later", '"now"', replaces=True)
    jobs.work(2, 5.0)
    await doing.until(1)
    assert doing.done == [('"now"', 1)]


async def test_it_is_known_how_a_job_stands(jobs: DocketJobs, doing: Doing) -> None:
    doing.open.clear()
    await jobs.submit("do", "a", "{}")
    await jobs.submit("do", "b", "{}", delay_s=600)
    jobs.work(1, 5.0)
    await doing.until(1)
    stands = [await jobs.progress(key) for key in ("a", "b", "c")]
    doing.open.set()
    assert [each and each.state for each in stands] == ["running", "scheduled", None]


async def test_at_its_end_a_worker_waits_for_what_it_does(
    redis_url: str, redis: Redis, doing: Doing
) -> None:
    doing.open.clear()
    async with open_docket(redis_url, {"do": doing}) as jobs:
        await jobs.submit("do", "a", "{}")
        jobs.work(1, 5.0)
        await doing.until(1)
        jobs.rest()
        doing.open.set()
    async with open_docket(redis_url, {"do": doing}) as again:
        stands = await again.progress("a")
    assert stands is None or stands.state == "completed"
