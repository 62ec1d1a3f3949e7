"""Detectors as guardrails: beside the event loop, in windows, and when they fail."""

import asyncio
import re
from collections.abc import Iterator
from threading import Event

import pytest
from structlog.testing import capture_logs

from frontdesk.contract.context import Ledger
from frontdesk.contract.errors import GuardrailUnavailable
from frontdesk.contract.guardrails import Action, Finding, Policy, Text
from frontdesk.guardrails.chain import Guards
from frontdesk.guardrails.detector import INLINE_CHARS, THREADS, Find, detector
from frontdesk.guardrails.windows import LONGEST

LONG = "word " * INLINE_CHARS
WORD = "heron-7731"


def numbers(text: Text) -> Iterator[Finding]:
    for found in re.finditer(r"(?<!\d)\d{6}(?!\d)", text.original):
        yield Finding("number", *found.span())


def guards(find: Find, action: Action = "redact", deadline_s: float = 0.2) -> Guards:
    policy = Policy(default=action, max_input_chars=50_000)
    return Guards([detector("the one", find, reach=8)], policy, deadline_s)


async def test_a_detector_finds_in_short_and_long_texts() -> None:
    for text in ("call 123456", LONG + "123456"):
        verdict = await guards(numbers).input(text, Ledger())
        assert verdict.text == text.replace("123456", "[NUMBER_1]")


async def test_a_long_text_is_searched_beside_the_event_loop() -> None:
    told = Event()

    def wait(text: Text) -> Iterator[Finding]:
        yield Finding("told", 0, 4) if told.wait(10) else Finding("nobody", 0, 4)

    checking = asyncio.create_task(guards(wait, deadline_s=20).input(LONG, Ledger()))
    await asyncio.sleep(0)
    told.set()
    assert (await checking).text.startswith("[TOLD_1]")


async def test_a_detector_that_never_ends_lets_nothing_pass() -> None:
    ended = Event()

    def hang(text: Text) -> Iterator[Finding]:
        ended.wait()
        yield from ()

    check = guards(hang, deadline_s=0.01)
    for _ in range(THREADS + 1):  # the last one finds no thread free
        with pytest.raises(GuardrailUnavailable, match="the one"):
            await check.input(LONG, Ledger())
    ended.set()
    assert check.failures == {"the one": THREADS + 1}


@pytest.mark.parametrize("text", [WORD, WORD + LONG], ids=["short", "long"])
async def test_a_detector_that_raises_lets_nothing_pass_and_quotes_nothing(text: str) -> None:
    def fail(text: Text) -> Iterator[Finding]:
        raise ValueError(text.original)

    with capture_logs() as logs, pytest.raises(GuardrailUnavailable) as refused:
        await guards(fail).input(text, Ledger())
    assert [entry["event"] for entry in logs] == ["guardrail.failed"]
    assert WORD not in str(logs) + str(refused.value)


@pytest.mark.parametrize("filler", ["a", "가", "e\u0301", "\u200b"])
@pytest.mark.parametrize("offset", range(-7, 3))
async def test_what_lies_across_two_windows_is_found_once(filler: str, offset: int) -> None:
    before = (filler * LONGEST)[: LONGEST + offset]
    text = f"{before}123456{filler * LONGEST * 2}"
    verdict = await guards(numbers).input(text, Ledger())
    assert verdict.text == text.replace("123456", "[NUMBER_1]")


@pytest.mark.parametrize("offset", range(-6, 1))
async def test_the_edge_of_a_window_is_no_edge_of_a_number(offset: int) -> None:
    text = "a" * (LONGEST + offset) + "1234567" + "a" * LONGEST
    assert (await guards(numbers).input(text, Ledger())).action == "allow"


async def test_a_long_text_is_searched_in_windows() -> None:
    seen: list[int] = []

    def measure(text: Text) -> Iterator[Finding]:
        seen.append(len(text.original))
        yield from ()

    await guards(measure).input("word " * 9_000, Ledger())
    assert len(seen) == 6
    assert max(seen) <= LONGEST + 2 * 8


async def test_what_the_policy_allows_by_value_passes_however_it_is_spaced() -> None:
    policy = Policy(default="redact", allowed_values=("123 456",))
    check = Guards([detector("numbers", numbers, reach=8)], policy)
    verdict = await check.input("ours is 123456, mine 654321", Ledger())
    assert verdict.text == "ours is 123456, mine [NUMBER_1]"
