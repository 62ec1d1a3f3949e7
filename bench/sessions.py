"""What a turn's session work costs by the age of its session: ours beside the SDK's sessions."""

import gc
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from agents import SQLiteSession
from agents.extensions.memory import RedisSession
from agents.memory import SessionSettings
from redis.asyncio import Redis

from bench.conversations import small_talk
from bench.counters import Cost, Counters, Perf, mean, perf_counter
from bench.reports import Check, Report, run
from bench.rounds import Spread, interleaved, ratio, spread, tell
from bench.stores import FrontdeskStore, SdkStore, Store
from bench.tables import Cell
from frontdesk.config import load_settings
from frontdesk.sessions.connection import open_redis
from frontdesk.sessions.embedded import embedded_server
from frontdesk.sessions.store import Sessions

HISTORY_TOKENS = 8_000
LAST_40 = SessionSettings(limit=40)

REMARKS = (
    "A turn loads the history and stores one exchange of some 100 and 340 characters. CPU is this "
    "process's, the median of the rounds [least-most]; a round trip is one write of the client.",
    "frontdesk also takes the lease, writes the turn's events, receipt and idempotency record, and "
    "keeps a time to live; its history is a window of up to "
    f"{HISTORY_TOKENS:,} tokens, and at 200 turns and more its session goes on while the others' "
    "are kept at their age. RedisSession has no time to live, which is its cheapest form.",
    "Reading it adds some 0.03 ms to the server's CPU.",
)

Costs = Mapping[tuple[str, int], Sequence[Cost]]
"""(store, age) -> the cost of a turn, round by round."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured: ages of sessions in turns, rounds, and turns a round and cell. Our cost
    must not grow from the age `young` on, and is compared with the peers' at the age `typical`.
    """

    ages: tuple[int, ...] = (0, 20, 200, 1_000, 10_000)
    young: int = 20
    typical: int = 200
    rounds: int = 7
    turns: int = 25

    @property
    def measured(self) -> int:
        """The turns of a cell, those of the warm-up among them."""
        return (self.rounds + 1) * self.turns


QUICK = Plan(ages=(0, 20, 60), typical=60, rounds=1, turns=2)


async def measure(quick: bool) -> Report:
    """Seeds sessions of every age in every store, then measures turns on them."""
    plan = QUICK if quick else Plan()
    with perf_counter() as instructions, tempfile.TemporaryDirectory(prefix="bench-") as name:
        async with _opened(Path(name), instructions) as (stores, counters):
            costs = await _costs(plan, stores, counters)
    names = [store.name for store in stores]
    return Report(
        "Session work of one turn, by the turns before it",
        (
            tuple(_row(name, age, costs, names[0]) for age in plan.ages for name in names),
            tuple(_growth(name, plan, costs) for name in names),
        ),
        tuple(_checks(plan, names, costs)),
        REMARKS,
    )


@asynccontextmanager
async def _opened(
    folder: Path, instructions: Perf
) -> AsyncIterator[tuple[tuple[Store, ...], Counters]]:
    """The stores: ours first, all but SQLite's on one embedded Valkey, over its Unix socket."""
    async with (
        embedded_server(folder) as url,
        open_redis(url) as ours,
        Redis.from_url(url) as theirs,
        Redis.from_url(url) as observer,
    ):
        counters = Counters(observer, instructions)
        counters.watch(ours)
        counters.watch(theirs)
        redis_session = partial(RedisSession, redis_client=theirs)
        yield (
            (
                FrontdeskStore(
                    Sessions(ours, b"bench", load_settings(context_tokens=HISTORY_TOKENS))
                ),
                SdkStore("RedisSession", redis_session),
                SdkStore(
                    "RedisSession(limit=40)", partial(redis_session, session_settings=LAST_40)
                ),
                SdkStore("SQLiteSession", partial(SQLiteSession, db_path=folder / "sessions.db")),
            ),
            counters,
        )


async def _costs(plan: Plan, stores: Sequence[Store], counters: Counters) -> Costs:
    cells: dict[tuple[str, int], Callable[[], Awaitable[Cost]]] = {}
    for age in plan.ages:
        tell(f"seeding sessions of {age:,} turns")
        for store in stores:
            await store.seed(age, plan.measured)
            cells[store.name, age] = partial(_cost, store, age, plan.turns, counters)
    gc.freeze()  # so that nobody's measured turn searches all modules and seeds for garbage
    try:
        return await interleaved(cells, plan.rounds)
    finally:
        gc.unfreeze()


async def _cost(store: Store, age: int, turns: int, counters: Counters) -> Cost:
    gc.collect()  # nobody pays for the garbage of the one before
    costs = []
    for said in small_talk(turns, turns):
        costs.append(await counters.cost(store.turn(age, said)))
        await store.undo(age)
    return mean(costs)


def _row(name: str, age: int, costs: Costs, ours: str) -> Mapping[str, Cell]:
    own = costs[name, age]
    counted = [cost.instructions / 1e6 for cost in own if cost.instructions is not None]
    return {
        "turns before": age,
        "store": name,
        "CPU ms": _cpu(own),
        "CPU / ours": _ratio(own, costs[ours, age]),
        "server CPU ms": spread(cost.server_cpu_ms for cost in own).median,
        "round trips": spread(cost.trips for cost in own).median,
        "KiB moved": spread(cost.bytes / 1024 for cost in own).median,
        "M instructions": spread(counted).median if counted else None,
    }


def _growth(name: str, plan: Plan, costs: Costs) -> Mapping[str, Cell]:
    young, old = costs[name, plan.young], costs[name, plan.ages[-1]]
    column = f"CPU at {plan.ages[-1]:,} turns / at {plan.young}"
    return {"store": name, column: _ratio(old, young)}


def _checks(plan: Plan, names: Sequence[str], costs: Costs) -> Iterator[Check]:
    ours, theirs, *_ = names
    most = max(cost.trips for age in plan.ages for cost in costs[ours, age])
    yield Check(f"round trips, {ours}, at any age", most, at_most=2)
    old = plan.ages[-1]
    grown = _ratio(costs[ours, old], costs[ours, plan.young])
    yield Check(f"CPU at {old:,} turns / at {plan.young}, {ours}", grown, at_most=1.3)
    times = _ratio(costs[theirs, plan.typical], costs[ours, plan.typical])
    yield Check(f"CPU at {plan.typical:,} turns, {theirs} / {ours}", times, at_least=3)


def _cpu(costs: Sequence[Cost]) -> Spread:
    return spread(cost.cpu_ms for cost in costs)


def _ratio(over: Sequence[Cost], under: Sequence[Cost]) -> Spread:
    return ratio([cost.cpu_ms for cost in over], [cost.cpu_ms for cost in under])


if __name__ == "__main__":
    run(__doc__ or "", measure)
