"""The streaming gate: what leaves of an answer while it is still being written."""

import re
import unicodedata
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.streams import EMAIL, WHOLE, Source, fail, guards, pieces, read

from frontdesk.contract.context import Ledger
from frontdesk.contract.errors import GuardrailUnavailable
from frontdesk.contract.events import (
    AgentChanged,
    Event,
    GuardrailTriggered,
    TextDelta,
    ToolCalled,
    ToolFinished,
)
from frontdesk.contract.guardrails import Blocked, Finding, Guardrail, Policy, Text
from frontdesk.contract.turns import GuardrailNote
from frontdesk.guardrails.blocklist import blocklist
from frontdesk.guardrails.holdback import PACE_CHARS
from frontdesk.guardrails.normal import Normal

WORD = "비밀번호"
FILL = st.text("비밀번호 ab1\u200b가\n", max_size=25)
SPELLED = st.sampled_from(
    [WORD, unicodedata.normalize("NFD", WORD), "비" + "\u200b" * 12 + "밀번\u00ad호"]
)
CUTS = st.lists(st.integers(0, 60), max_size=30)
TOOL = ToolCalled("turn", "clock", "call")


@given(FILL, SPELLED, FILL, CUTS)
@settings(deadline=None)
async def test_not_one_character_of_a_blocked_word_leaves(
    before: str, word: str, after: str, cuts: list[int]
) -> None:
    text = before + word + after
    first = (await blocklist([WORD]).check(Normal(text)))[0]
    got = await read(guards(blocklist([WORD])), *pieces(text, cuts))

    assert isinstance(got.stop, Blocked)
    assert text.startswith(got.text())
    assert len(got.text()) <= first.start
    assert got.source.closed


@pytest.mark.parametrize("size", [1, 2, 3, 7])
async def test_a_blocked_word_is_withheld_wherever_it_stands(size: int) -> None:
    for at in range(40):
        text = "." * at + WORD + "." * (40 - at)
        got = await read(guards(blocklist([WORD])), *pieces(text, range(0, 50, size)))
        assert isinstance(got.stop, Blocked)
        assert set(got.text()) <= {"."}


@given(FILL, CUTS)
@settings(deadline=None)
async def test_an_innocent_text_arrives_whole(text: str, cuts: list[int]) -> None:
    safe = re.sub("밀|번", "", text)
    got = await read(guards(blocklist([WORD]), EMAIL), *pieces(safe, cuts))
    assert (got.text(), got.stop, got.triggered) == (safe, None, [])


@given(st.lists(st.sampled_from(["ab@c.kr", "longname@company.kr", " 1", " 가\u200b", "\n"])), CUTS)
@settings(deadline=None)
async def test_a_stream_is_redacted_as_the_whole_text_would_be(
    words: list[str], cuts: list[int]
) -> None:
    text, check = " ".join(words), guards(EMAIL, actions={"email": "redact"})
    got = await read(check, *pieces(text, cuts))
    assert got.text() == await check.answer(text, Ledger())
    assert len(got.triggered) == ("@" in text)


async def test_text_leaves_before_the_message_ends() -> None:
    source = Source("Good morning, ", "what can I do for you?")
    async with aclosing(guards(blocklist([WORD])).output(source.run(), Ledger())) as checked:
        first = await anext(checked)
    assert first == TextDelta("turn", "Good morning,", 0)
    assert (source.taken, source.closed) == (1, True)


async def test_without_guardrails_text_leaves_at_once() -> None:
    got = await read(guards(), "Good ", "morning")
    assert got.events == [TextDelta("turn", "Good ", 0), TextDelta("turn", "morning", 0)]


async def test_a_guardrail_without_reach_holds_the_message_until_its_end() -> None:
    got = await read(guards(WHOLE, actions={"email": "redact"}), "a@", "b.kr", " is mine", TOOL)
    note = GuardrailNote("output", "whole", "pii", "redact", "email")
    assert got.events == [
        GuardrailTriggered("turn", note),
        TextDelta("turn", "[EMAIL_1] is mine", 0),
        TOOL,
    ]


@pytest.mark.parametrize(
    "event", [TOOL, AgentChanged("turn", "billing"), TextDelta("turn", "More", 1)]
)
async def test_the_rest_of_a_message_leaves_before_what_ends_it(event: Event) -> None:
    got = await read(guards(EMAIL), "One moment", event)
    assert got.events == [TextDelta("turn", "One moment", 0), event]


async def test_another_event_passes_a_message_that_waits() -> None:
    finished = ToolFinished("turn", "clock", "call", True, 1.0)
    got = await read(guards(blocklist([WORD])), "비밀", finished, "번호")
    assert finished in got.events
    assert got.text() == ""


async def test_a_blocked_word_at_the_end_of_a_message_stops_the_tool_event() -> None:
    got = await read(guards(WHOLE), "a@b.kr", TOOL)
    assert isinstance(got.stop, Blocked)
    assert got.events == [
        GuardrailTriggered("turn", GuardrailNote("output", "whole", "pii", "block", "email"))
    ]


async def test_each_message_is_checked_by_itself() -> None:
    got = await read(guards(blocklist([WORD])), "비밀", TextDelta("turn", "번호", 1))
    assert (got.text(0), got.text(1), got.stop) == ("비밀", "번호", None)


async def test_a_message_that_goes_on_after_a_tool_is_still_seen_as_one() -> None:
    check = guards(blocklist([WORD]))
    split, whole = await read(check, "비밀", TOOL, "번", "호"), await read(check, "He", TOOL, "y")
    assert isinstance(split.stop, Blocked)
    assert whole.text() == "Hey"


async def test_a_block_is_told_noted_and_carries_the_words_for_the_user() -> None:
    got = await read(guards(blocklist([WORD])), "Your 비밀번호 is here")
    assert isinstance(got.stop, Blocked)
    assert got.stop.verdict.text == Policy().message("blocklist")
    assert got.triggered == got.ledger.notes == [got.stop.verdict.note]


async def test_placeholders_are_numbered_through_all_messages() -> None:
    check = guards(EMAIL, actions={"email": "redact"})
    got = await read(check, "a@b.kr or c@d.kr", TOOL, TextDelta("turn", "c@d.kr it is", 1))
    assert (got.text(0), got.text(1)) == ("[EMAIL_1] or [EMAIL_2]", "[EMAIL_2] it is")
    assert len(got.triggered) == len(got.ledger.notes) == 1


async def test_a_flagged_text_passes_and_is_told_once() -> None:
    got = await read(guards(EMAIL, actions={"email": "flag"}), "a@b.kr ", "and ", "c@d.kr" * 9)
    assert got.text() == "a@b.kr and " + "c@d.kr" * 9
    assert got.triggered == [GuardrailNote("output", "email", "pii", "flag", "email")]


async def test_a_long_answer_is_cut_and_its_source_closed() -> None:
    got = await read(guards(limit=10), "12345", "67890", "more", "and more")
    assert got.text() == "1234567890 […]"
    assert got.triggered == [GuardrailNote("output", "length", "length", "flag")]
    assert (got.source.taken, got.source.closed, got.stop) == (3, True, None)


async def test_an_answer_of_exactly_the_limit_is_not_cut() -> None:
    assert (await read(guards(limit=10), "12345", "67890")).text() == "1234567890"


async def test_a_cut_shows_no_part_of_a_blocked_word() -> None:
    got = await read(guards(blocklist([WORD]), limit=22), "This is your dear 비밀번", "호", "!")
    assert "비" not in got.text()


async def test_a_check_that_fails_lets_nothing_more_leave() -> None:
    got = await read(guards(Guardrail("broken", fail, reach=1)), "Hello", " there")
    assert isinstance(got.stop, GuardrailUnavailable)
    assert (got.events, got.source.closed) == ([], True)


async def test_what_waits_is_not_shown_when_the_source_fails() -> None:
    async def failing() -> AsyncIterator[Event]:
        yield TextDelta("turn", "비밀", 0)
        raise ConnectionError

    checked = guards(blocklist([WORD])).output(failing(), Ledger())
    with pytest.raises(ConnectionError):
        await anext(checked)


async def test_after_a_block_nothing_of_the_next_message_leaves() -> None:
    got = await read(guards(WHOLE, limit=9), "a@b.kr", TextDelta("turn", "and more", 1))
    assert isinstance(got.stop, Blocked)
    assert got.text(1) == ""


async def test_an_invisible_character_costs_no_check() -> None:
    calls: list[str] = []

    async def count(text: Text) -> Sequence[Finding]:
        calls.append(text.original)
        return []

    got = await read(guards(Guardrail("count", count, reach=3)), "Hi", *["\u200b"] * 50, "!")
    assert (got.text(), len(calls)) == ("Hi" + "\u200b" * 50 + "!", 2)


async def test_a_check_sees_only_the_end_of_a_long_answer() -> None:
    sizes: list[int] = []

    async def measure(text: Text) -> Sequence[Finding]:
        sizes.append(len(text.original))
        return []

    got = await read(guards(Guardrail("measure", measure, reach=10)), *["word "] * 200)
    assert got.text() == "word " * 200
    assert max(sizes) <= 10 + 9 + 5 + PACE_CHARS
