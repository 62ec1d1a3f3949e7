"""The window over a session's life: calibrated by what models count, shrunk when it moves."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise

import pytest
from redis.asyncio import Redis
from tests.turns import begun, store

from frontdesk.assembly import open_desk
from frontdesk.config import Settings
from frontdesk.contract.context import Ledger, ModelCall, TurnContext
from frontdesk.contract.parts import Parts, PluginPlace, Specialist
from frontdesk.contract.turns import Item, TurnRecord, TurnResult
from frontdesk.sessions.draft import make_record
from frontdesk.sessions.schema import load_stored
from frontdesk.sessions.store import Hold, Sessions
from frontdesk.sessions.window import View, calibrated, narrowed, next_window, shrunk
from frontdesk.testing import FakeOpenAI, Visitor

LONG = "result " * 500


def record(number: int, tokens: int = 100) -> TurnRecord:
    return TurnRecord(f"turn_{number}", "completed", "", "", "", tokens=tokens)


def measured(exact: int, estimated: int) -> Ledger:
    return Ledger(calls=[ModelCall("a", "m", exact, 0, 1, 0)], estimated_tokens=estimated)


def lookup(call_id: str, output: str = LONG) -> list[Item]:
    call = {"type": "function_call", "call_id": call_id, "name": "look", "arguments": "{}"}
    return [call, {"type": "function_call_output", "call_id": call_id, "output": output}]


async def looked_up(sessions: Sessions, hold: Hold) -> None:
    hold.ledger.items.extend(lookup(f"call_{hold.turn_id}"))
    context = TurnContext(hold.message, hold.text, hold.session_id, ledger=hold.ledger)
    kept = make_record(context, "completed", "found", "triage", None)
    result = TurnResult(hold.turn_id, hold.session_id, "completed", "found")
    await sessions.commit(hold, kept, result, sessions.writer(hold).take(), agent=None)


async def lookups(sessions: Sessions, count: int) -> list[Hold]:
    """A session of that many turns with a long tool output each: the holds in order."""
    holds = [await begun(sessions, "turn_0")]
    for number in range(1, count + 1):
        await looked_up(sessions, holds[-1])
        holds.append(await begun(sessions, f"turn_{number}", holds[0].session_id))
    return holds


def outputs(turn: TurnRecord) -> list[str]:
    return [str(item["output"]) for item in turn.items if "output" in item]


def triage_of(context_tokens: int | None) -> Specialist:
    return Specialist("triage", "Answers.", "Answer.", tier="cheap", context_tokens=context_tokens)


@asynccontextmanager
async def short_sighted(_place: PluginPlace) -> AsyncIterator[Parts]:
    """A triage that sees little, and a specialist that sees all."""
    expert = Specialist("expert", "Knows.", "Know.")
    yield Parts(triage=triage_of(100), specialists=(expert,))


@pytest.mark.parametrize(
    ("exact", "estimated", "factor"),
    [(150, 100, 1.25), (80, 100, 0.9), (9000, 100, 1.5), (1, 100, 0.75), (0, 100, 1.0)],
)
def test_the_factor_goes_half_way_to_what_was_counted_within_bounds(
    exact: int, estimated: int, factor: float
) -> None:
    assert calibrated(1.0, measured(exact, estimated)) == factor


def test_a_turn_without_a_counted_call_leaves_the_factor() -> None:
    assert calibrated(1.3, Ledger()) == 1.3


@pytest.mark.parametrize(("factor", "start"), [(1.0, 0), (2.0, 3), (0.5, 0)])
def test_the_window_moves_by_what_models_count_not_by_what_was_estimated(
    factor: float, start: int
) -> None:
    history = [record(number) for number in range(4)]
    moved, _ = next_window(0, View(factor=factor), history, record(4), 800)
    assert moved == start


async def test_the_factor_is_learnt_from_turn_to_turn(redis: Redis) -> None:
    sessions = store(redis)
    first = await begun(sessions, "turn_0")
    first.ledger.calls.append(ModelCall("a", "m", 200, 0, 1, 0))
    first.ledger.estimated_tokens = 100
    await looked_up(sessions, first)
    second = await begun(sessions, "turn_1", first.session_id)
    assert second.view.factor == 1.5


async def test_a_desk_learns_from_its_own_model_calls(ann: Visitor, redis: Redis) -> None:
    await ann.ask("Good morning to you all")
    (meta,) = [key async for key in redis.scan_iter(match="fd:*:meta")]
    kept = await redis.hget(meta, "view")
    assert isinstance(kept, bytes)
    assert 0.6 < load_stored(View, kept).factor < 1.0  # the fake counts a token per four bytes


def test_a_long_output_becomes_a_preview_with_a_handle() -> None:
    turn = TurnRecord("turn_a", "completed", "", "", "", tuple(lookup("call_1")), tokens=2000)
    short = shrunk(turn)
    (output,) = outputs(short)
    assert output.startswith("result result")
    assert 'read_result(handle="turn_a.call_1", offset=1024)' in output
    assert short.tokens < 600


def test_a_short_output_stays_and_shrinking_twice_changes_nothing_more() -> None:
    items = (*lookup("call_1"), *lookup("call_2", "short"))
    once = shrunk(TurnRecord("turn_a", "completed", "", "", "", items))
    assert outputs(once)[1] == "short"
    assert shrunk(once) == once


async def test_outputs_shrink_only_when_the_window_moves_but_for_the_last_two(
    redis: Redis,
) -> None:
    holds = await lookups(store(redis, context_tokens=12_000), 11)
    sizes = [[len(outputs(turn)[0]) > 2000 for turn in hold.history] for hold in holds]
    assert sizes[10] == [True] * 10
    assert sizes[11] == [False] * (len(sizes[11]) - 2) + [True] * 2
    assert len(sizes[11]) > 2


async def test_between_two_moves_the_window_only_grows_at_its_end(redis: Redis) -> None:
    holds = await lookups(store(redis, context_tokens=6000), 12)
    moves = 0
    for before, after in pairwise(holds):
        grown = after.history[: len(before.history)] == before.history
        moved = after.view.shrunk != before.view.shrunk
        assert grown or moved
        moves += moved
    assert 2 <= moves <= 5


async def test_people_still_read_the_whole_output(redis: Redis) -> None:
    sessions = store(redis, context_tokens=4000)
    hold = (await lookups(sessions, 6))[-1]
    listed = await sessions.turns(hold.owner, hold.session_id, 10)
    assert [outputs(turn) for turn in listed] == [[LONG]] * 6


@pytest.mark.parametrize("budget", [None, 1000])
def test_an_agent_whose_budget_is_large_enough_sees_all(budget: int | None) -> None:
    history = [record(number) for number in range(10)]
    assert narrowed(history, budget) == tuple(history)


def test_what_an_agent_with_a_small_budget_sees_moves_rarely_and_far() -> None:
    history = [record(number) for number in range(12)]
    views = [narrowed(history[:length], 500) for length in range(13)]
    assert [len(view) for view in views] == [0, 1, 2, 3, 4, 5, 2, 3, 4, 5, 2, 3, 4]
    assert all(
        view == tuple(history[len(seen) - len(view) : len(seen)])
        for view, seen in zip(views, (history[:n] for n in range(13)), strict=True)
    )


async def test_triage_sees_less_than_the_specialist_that_it_hands_over_to(
    settings: Settings, upstream: FakeOpenAI
) -> None:
    async with open_desk(settings, plugins={"desk": short_sighted}) as desk:
        ann = Visitor(desk, "ann")
        await ann.ask("My parrot is called Kiwi")
        await ann.ask("Tell me a story [long:100]")
        result = await ann.ask("Now somebody who knows [handoff:expert]")
    triage, expert = (str(request.body) for request in upstream.requests[-2:])
    assert (result.agent, "Kiwi" in triage, "Kiwi" in expert) == ("expert", False, True)
    assert expert.count("Now somebody who knows") == 1
