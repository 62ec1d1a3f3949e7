"""The benchmarks run, print what they found, and what they count exactly is right."""

import json
import sys
from collections.abc import Awaitable, Callable

import pytest
from redis.asyncio import Redis

from bench import prompt_cache, sessions
from bench.conversations import small_talk, tool_talk
from bench.counters import Counters, perf_counter
from bench.reports import Check, Report, as_json, as_text, run
from bench.rounds import Spread, interleaved, ratio, spread
from bench.tables import Cell, shown, table

A_SOFTWARE_CLOCK = (1, 1)  # PERF_TYPE_SOFTWARE, PERF_COUNT_SW_TASK_CLOCK: there on any machine


async def test_the_work_of_sessions_is_measured_and_ours_takes_two_round_trips() -> None:
    report = await sessions.measure(quick=True)
    (rows, _), text = report.tables, as_text(report)
    trips = {str(row["store"]): row["round trips"] for row in rows}
    assert trips["frontdesk"] == 2
    assert trips["RedisSession"] == 9
    assert report.checks[0].met
    assert "| RedisSession(limit=40) |" in text
    assert "| round trips, frontdesk, at any age" in text


async def test_a_long_conversation_is_priced_and_our_pairs_are_never_broken() -> None:
    report = await prompt_cache.measure(quick=True)
    (rows,) = report.tables
    broken = {row["history"]: row["broken pairs"] for row in rows}
    assert broken[prompt_cache.OURS] == 0
    assert broken[f"last {prompt_cache.LAST_ITEMS} items"]
    assert f"| {prompt_cache.SLIDING} |" in as_text(report)


def test_what_was_sent_before_is_cached_in_whole_blocks() -> None:
    first, second, third = prompt_cache.charges(
        [
            prompt_cache.Request([{"content": "a" * 800}]),
            prompt_cache.Request([{"content": "a" * 800}, {"content": "b"}]),
            prompt_cache.Request([{"content": "c"}]),
        ]
    )
    assert first.cached == 0
    assert second.cached == 1664  # 13 blocks of 1,500 + 255 tokens
    assert third.cached == 1408  # 11 blocks of 1,500


def test_the_sliding_window_holds_whole_turns_within_the_budget() -> None:
    strategy = prompt_cache.Strategy("sliding", prompt_cache.sliding)
    *_, last = prompt_cache.requests(strategy, list(tool_talk(1, 60)))
    [charge] = prompt_cache.charges([last])
    assert last.items[0]["role"] == "user"
    assert charge.tokens < prompt_cache.STATIC_TOKENS + prompt_cache.HISTORY_TOKENS + 2_000


def test_a_conversation_is_the_same_in_every_run() -> None:
    assert list(small_talk(1, 3)) == list(small_talk(1, 3)) != list(small_talk(2, 3))


async def test_rounds_interleave_and_the_first_one_only_warms_up() -> None:
    order: list[str] = []

    def cell(name: str) -> Callable[[], Awaitable[int]]:
        async def work() -> int:
            order.append(name)
            return len(order)

        return work

    readings = await interleaved({"a": cell("a"), "b": cell("b")}, rounds=2)
    assert "".join(order) == "baabba"
    assert readings == {"a": [3, 6], "b": [4, 5]}


def test_a_ratio_compares_round_by_round() -> None:
    assert ratio([2, 9, 4], [1, 3, 4]) == Spread(2, 1, 3)
    assert spread([3, 1]) == Spread(2, 1, 3)


async def test_a_write_of_a_watched_client_is_a_round_trip(redis_url: str) -> None:
    async with Redis.from_url(redis_url) as observer, Redis.from_url(redis_url) as client:
        with perf_counter() as instructions:
            counters = Counters(observer, instructions)
            counters.watch(client)
            await client.set("key", "connected")
            cost = await counters.cost(client.set("key", "value"))
    assert cost.trips == 1
    assert cost.bytes == len("*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$5\r\nvalue\r\n+OK\r\n")
    assert cost.cpu_ms > 0


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's counters are Linux's")
def test_the_kernel_counts_where_it_can() -> None:
    with perf_counter(A_SOFTWARE_CLOCK) as clock:
        before = clock.read()
        after = clock.read()
    if before is None or after is None:
        pytest.skip("this kernel lets nobody count")
    assert after > before


def test_a_machine_without_the_counter_counts_nothing() -> None:
    with perf_counter((99, 0)) as counter:
        assert counter.read() is None


def test_a_table_shows_three_digits_and_aligns_numbers_to_the_right() -> None:
    rows: list[dict[str, Cell]] = [
        {"who": "a", "ms": Spread(1.234, 0.5, 12.34)},
        {"who": "bb", "ms": None},
    ]
    assert table(rows).splitlines() == [
        "| who |                ms |",
        "| --- | ----------------: |",
        "| a   | 1.23 [0.500-12.3] |",
        "| bb  |                 - |",
    ]
    assert shown(12_345) == "12,345"


@pytest.mark.parametrize(("value", "met"), [(2.0, True), (2.1, False), (Spread(2, 1, 9), True)])
def test_a_bound_holds_for_the_median(value: float | Spread, met: bool) -> None:
    assert Check("trips", value, at_most=2).met is met


def test_a_missed_bound_is_said_and_is_the_exit_status(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def measure(quick: bool) -> Report:
        return Report("Speed", (({"who": "we"},),), (Check("ratio", 1.0, at_least=3),))

    monkeypatch.setattr(sys, "argv", ["bench", "--quick"])
    with pytest.raises(SystemExit, match="1"):
        run("", measure)
    assert "NOT MET" in capsys.readouterr().out


def test_a_report_for_programs_has_the_machine_and_the_numbers() -> None:
    told = json.loads(as_json(Report("Speed", (({"who": "we", "ms": 0.125},),), ())))
    assert told["report"]["tables"] == [[{"who": "we", "ms": 0.125}]]
    assert told["met"]
    assert {"cpu", "python", "openai-agents"} <= set(told["machine"])
