"""Turns in the background are for workers; a process that stops gives its turns to others."""

import asyncio
from contextlib import AbstractAsyncContextManager

import pytest
from redis.asyncio import Redis
from tests.test_drivers import Process
from tests.turns import begin

from frontdesk.contract.keys import OwnerKeys
from frontdesk.sessions.store import Hold


class Board:
    """Where a process asks for workers."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str, int]] = []
        self.news = asyncio.Event()

    async def place(self, owner: str, session_id: str, turn_id: str, fence: int) -> None:
        self.asked.append((owner, session_id, turn_id, fence))
        self.news.set()

    async def next(self) -> tuple[str, str, str, int]:
        async with asyncio.timeout(10):
            await self.news.wait()
        self.news.clear()
        return self.asked[-1]


@pytest.fixture
def board() -> Board:
    return Board()


@pytest.fixture
def process(redis: Redis) -> Process:
    return Process(redis)


@pytest.fixture
def other(redis: Redis) -> Process:
    return Process(redis)


Driving = AbstractAsyncContextManager[None]


def serving(process: Process, board: Board) -> Driving:
    turn = process.sessions.drivers.parted(process.turn)
    return process.sessions.driving(turn, place=board.place, works=False)


def working(process: Process, board: Board) -> Driving:
    return process.sessions.driving(process.turn, place=board.place, works=True)


async def placed(process: Process, board: Board, turn: str = "turn_a") -> Hold:
    hold = await process.begin(turn, background=True)
    process.sessions.start(hold)
    await board.next()
    return hold


async def test_a_server_asks_for_a_worker_who_is_the_first_to_try(
    process: Process, other: Process, board: Board
) -> None:
    async with serving(process, board), working(other, board):
        hold = await placed(process, board)
        assert await other.sessions.drivers.work(hold.owner, hold.session_id)
    assert (process.ran, [each.tries for each in other.ran]) == ([], [0])
    assert await process.listed(hold) == ["turn_a"]


async def test_a_turn_that_is_worked_on_is_not_run_by_another_worker(
    process: Process, other: Process, board: Board
) -> None:
    process.gate.clear()
    async with working(process, board), working(other, board):
        hold = await process.begin("turn_a", background=True)
        process.sessions.start(hold)
        assert await other.sessions.drivers.work(hold.owner, hold.session_id)
        process.gate.set()
        await process.read(hold)
    assert len(process.ran) + len(other.ran) == 1


async def test_what_comes_after_a_turn_of_the_server_is_for_a_worker_again(
    process: Process, board: Board
) -> None:
    process.gate.clear()
    async with serving(process, board):
        hold = await process.begin("turn_a")
        process.sessions.start(hold)
        await begin(process.sessions, "turn_b", hold.session_id, background=True)
        process.gate.set()
        assert (await board.next())[2] == "turn_b"
    assert [each.turn_id for each in process.ran] == ["turn_a"]


async def test_readers_leave_a_turn_to_the_workers_who_are_asked_again(
    process: Process, board: Board
) -> None:
    async with serving(process, board):
        hold = await placed(process, board)
        reading = asyncio.create_task(process.read(hold))
        assert await board.next() == board.asked[0]
        reading.cancel()
        await asyncio.wait([reading])
    assert process.ran == []


async def test_a_cancelled_turn_ends_without_a_worker(process: Process, board: Board) -> None:
    async with serving(process, board):
        hold = await placed(process, board)
        await process.sessions.cancel(hold.owner, hold.turn_id)
        await process.read(hold)
    assert [each.cancellation.mode for each in process.ran] == ["immediate"]


async def test_a_process_that_stops_hands_its_turns_over_before_their_leases_end(
    process: Process, other: Process, redis: Redis
) -> None:
    process.gate.clear()
    async with other.sessions.driving(other.turn):
        async with process.sessions.driving(process.turn):
            hold = await process.begin("turn_a")
            process.sessions.start(hold)
            await redis.persist(OwnerKeys(hold.owner).session(hold.session_id, "lease"))
            await process.sessions.drivers.drain(0.01)
        await other.read(hold)
    assert [each.tries for each in other.ran] == [1]
    assert process.cancelled == ["turn_a"]


async def test_a_process_that_stops_begins_no_work(
    process: Process, other: Process, board: Board
) -> None:
    async with serving(process, board), working(other, board):
        hold = await placed(process, board)
        await other.sessions.drivers.drain(0)
        assert not await other.sessions.drivers.work(hold.owner, hold.session_id)
    assert other.ran == []
