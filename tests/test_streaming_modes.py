"""What a policy and the guardrails themselves say about how soon streamed text leaves."""

import asyncio
import re
from collections.abc import Sequence
from contextlib import aclosing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs
from tests.streams import EMAIL, Source, pieces, read

from frontdesk.contract.context import Ledger
from frontdesk.contract.errors import GuardrailUnavailable
from frontdesk.contract.events import AgentChanged, Event, TextDelta
from frontdesk.contract.guardrails import (
    Action,
    Blocked,
    Finding,
    Guardrail,
    OutputMode,
    Policy,
    Text,
)
from frontdesk.guardrails.blocklist import blocklist
from frontdesk.guardrails.chain import Guards
from frontdesk.guardrails.instructions import instructions
from frontdesk.guardrails.links import links

KEY = "key-" + "a1b2" * 4
SENTENCE = f"Here it is: {KEY}, keep it."
PROMPT = "You are the front desk of a small shop and you answer briefly. " * 3
CUTS = st.lists(st.integers(0, 200), max_size=40)


async def find_key(text: Text) -> Sequence[Finding]:
    found = re.finditer(r"key-(?:[a-z0-9]{4}){2,8}(?![a-z0-9])", text.original)
    return [Finding("secret", *each.span()) for each in found]


def last_word(text: Text) -> int:
    found = re.search(r"\S+$", text.original)
    return found.start() if found else len(text.original)


async def hang(_text: Text) -> Sequence[Finding]:
    await asyncio.Event().wait()
    return []


def stumble(text: Text) -> int:
    raise ValueError(text.original)


SECRET = Guardrail("secrets", find_key, reach=40, pending=last_word)
MARK = "f00d" * 4
SHY = (SECRET, blocklist(["비밀번호"]), links(["shop.kr"]), instructions([PROMPT], MARK), EMAIL)


def guards(*guardrails: Guardrail, output: OutputMode = "window", limit: int = 32_000) -> Guards:
    actions: dict[str, Action] = {"email": "redact", "link": "redact"}
    policy = Policy(output=output, actions=actions, max_output_chars=limit)
    return Guards(guardrails or (SECRET,), policy, deadline_s=0.2)


@pytest.mark.parametrize("output", ["window", "buffer"])
@pytest.mark.parametrize("size", [1, 2, 3, 5, 8])
async def test_a_secret_split_anywhere_leaves_no_part(output: OutputMode, size: int) -> None:
    for at in range(len(SENTENCE) + 1):
        cuts = [at, *range(at % size, len(SENTENCE), size)]
        got = await read(guards(output=output), *pieces(SENTENCE, cuts))
        assert isinstance(got.stop, Blocked)
        assert got.text() == ("Here it is: " if output == "window" else "")


@pytest.mark.parametrize("output", ["window", "buffer", "raw"])
async def test_the_same_text_without_the_secret_arrives_whole(output: OutputMode) -> None:
    text = SENTENCE.replace(KEY, "key-less")
    for at in range(len(text) + 1):
        got = await read(guards(*SHY, output=output), *pieces(text, [at]))
        assert (got.text(), got.stop, got.triggered) == (text, None, [])


KEYS = [KEY, "key-", MARK, PROMPT[:90], PROMPT[5:190], "비밀번호", "비밀", "a@b.kr", "ab@"]
ADDRESSES = ["https://evil.kr/x?q=1", "https://shop.kr/a", "![x](https://evil.kr/p)", "!["]
WORDS = st.sampled_from([*KEYS, *ADDRESSES, "\u200b", "good"])


@given(st.lists(WORDS, max_size=6), st.sampled_from(["", " ", "\n"]), CUTS, st.integers(20, 300))
@settings(deadline=None, max_examples=300)
async def test_what_leaves_does_not_depend_on_the_pieces(
    words: list[str], gap: str, cuts: list[int], limit: int
) -> None:
    text = gap.join(words)
    whole = await read(guards(*SHY, limit=limit), text)
    split = await read(guards(*SHY, limit=limit), *pieces(text, cuts))
    assert split.text() == whole.text()
    assert str(split.stop) == str(whole.stop)
    assert set(split.triggered) == set(whole.triggered)


async def test_text_leaves_as_soon_as_nothing_can_be_found_in_it_any_more() -> None:
    source = Source("The shop opens at ", "nine.")
    async with aclosing(guards().output(source.run(), Ledger())) as checked:
        assert await anext(checked) == TextDelta("turn", "The shop opens at ", 0)


async def test_a_guardrail_cannot_hold_back_more_than_its_reach() -> None:
    shy = Guardrail("shy", find_key, reach=10, pending=lambda _text: 0)
    source = Source("The shop opens at ", "nine.")
    async with aclosing(guards(shy).output(source.run(), Ledger())) as checked:
        assert await anext(checked) == TextDelta("turn", "The shop ", 0)


async def test_a_buffered_message_leaves_when_it_is_complete() -> None:
    got = await read(guards(output="buffer"), "The shop ", "opens at ", "nine.")
    assert got.events == [TextDelta("turn", "The shop opens at nine.", 0)]


async def test_a_buffered_message_with_a_secret_leaves_nothing() -> None:
    got = await read(guards(output="buffer"), *"Here it is: ", KEY)
    assert isinstance(got.stop, Blocked)
    assert got.text() == ""


async def test_raw_text_leaves_at_once() -> None:
    got = await read(guards(output="raw"), "ke", "y-", "less ")
    assert [e.text for e in got.events if isinstance(e, TextDelta)] == ["ke", "y-", "less "]


async def test_a_secret_in_raw_text_ends_the_turn() -> None:
    got = await read(guards(output="raw"), *SENTENCE)
    assert isinstance(got.stop, Blocked)
    assert KEY not in got.text()
    assert got.source.closed


async def test_each_agent_has_the_mode_of_its_own_policy() -> None:
    policy = Policy(agents={"careful": Policy(output="buffer")})
    events: list[Event | str] = ["One ", "two ", AgentChanged("turn", "careful")]
    events += [TextDelta("turn", "three ", 1), TextDelta("turn", "four", 1)]
    got = await read(Guards((SECRET,), policy), *events)
    shown = [event.text for event in got.events if isinstance(event, TextDelta)]
    assert shown[-1] == "three four"
    assert shown[0] == "One "


async def test_the_ledger_says_what_was_held_back() -> None:
    got = await read(guards(), "Good morn", "ing")
    assert got.ledger.held_chars == 7
    assert got.ledger.held_ms > 0
    assert "guard_out" in got.ledger.stages


@pytest.mark.parametrize(
    "broken",
    [Guardrail("bad", hang, reach=5), Guardrail("bad", find_key, reach=5, pending=stumble)],
)
async def test_a_guardrail_that_hangs_or_stumbles_withholds_the_answer(broken: Guardrail) -> None:
    check = guards(broken)
    with capture_logs() as logs:
        got = await read(check, "The shop opens at nine.")
    assert isinstance(got.stop, GuardrailUnavailable)
    assert (got.text(), check.failures["bad"], got.source.closed) == ("", 1, True)
    assert [(log["event"], log["log_level"]) for log in logs] == [("guardrail.failed", "error")]
    assert "shop" not in str(logs)


async def test_a_check_sees_no_more_of_a_longer_answer() -> None:
    sizes: list[int] = []

    async def measure(text: Text) -> Sequence[Finding]:
        sizes.append(len(text.original))
        return []

    check = guards(Guardrail("measure", measure, reach=40, pending=last_word))
    await read(check, *["word "] * 2000)
    assert max(sizes) < 200
