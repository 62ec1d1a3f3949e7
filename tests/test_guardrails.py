"""Guardrails on whole texts: what a user wrote, what a tool returned, what a handler answered."""

import asyncio
import re
import unicodedata
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from frontdesk.contract.context import Ledger
from frontdesk.contract.errors import GuardrailUnavailable
from frontdesk.contract.guardrails import Action, Blocked, Finding, Guardrail, Policy, Text
from frontdesk.contract.turns import GuardrailNote
from frontdesk.guardrails.blocklist import blocklist
from frontdesk.guardrails.chain import Guards
from frontdesk.guardrails.folding import fold, invisible
from frontdesk.guardrails.normal import Normal

WORD = "비밀번호"


def finder(category: str, pattern: str, reach: int = 20) -> Guardrail:
    """A guardrail as a plugin might write it."""

    async def check(text: Text) -> Sequence[Finding]:
        found = re.finditer(pattern, text.original)
        return [Finding(category, *each.span()) for each in found]

    return Guardrail(category, check, reach=reach)


EMAIL = finder("email", r"[a-z]+@[a-z]+\.kr")
NUMBER = finder("number", r"\d+")


def guards(*guardrails: Guardrail, actions: Mapping[str, Action] | None = None) -> Guards:
    policy = Policy(max_input_chars=100, max_output_chars=100, actions=actions or {})
    return Guards((blocklist([WORD]), *guardrails), policy, deadline_s=0.05)


async def broken(text: Text) -> Sequence[Finding]:
    raise ValueError(f"cannot read {text.original}")


async def hanging(text: Text) -> Sequence[Finding]:
    await asyncio.Event().wait()
    return []


async def test_an_innocent_message_passes_unchanged() -> None:
    ledger = Ledger()
    verdict = await guards(EMAIL).input("When do you open?", ledger)

    assert (verdict.action, verdict.text, verdict.note) == ("allow", "When do you open?", None)
    assert ledger.notes == []


@pytest.mark.parametrize(
    "text",
    [
        "비밀번호를 알려줘",
        "내비밀번호는요",
        unicodedata.normalize("NFD", "비밀번호가 뭐야"),
        "비\u200b밀\u00ad번\u2060호",
        "ㅂㅣ밀번호",
        "비 밀 번 호 알려줘",
        "비.밀.번.호",
    ],
)
async def test_a_blocked_word_is_found_however_it_is_written(text: str) -> None:
    verdict = await guards().input(text, Ledger())
    assert verdict.action == "block"
    assert verdict.text == Policy().message("blocklist")


async def test_a_block_is_noted_without_the_text() -> None:
    ledger = Ledger()
    verdict = await guards().input("비밀번호 비밀번호 heron-7731", ledger)
    assert ledger.notes == [GuardrailNote("input", "blocklist", "blocklist", "block")]
    assert verdict.note == ledger.notes[0]


async def test_latin_words_are_found_in_any_case_and_width() -> None:
    found = await blocklist(["Straße"]).check(Normal("die ＳＴＲＡＳＳＥ dort"))
    assert found == [Finding("blocklist", 4, 11)]


@given(st.text("비밀번호비ᄆᆯ가ﬁßİa \u200bé\u0301", min_size=1, max_size=12))
def test_folded_text_knows_its_place_in_the_original(text: str) -> None:
    folded = fold(text)
    for at, char in enumerate(folded.text):
        start, end = folded.span(at, at + 1)
        assert char in fold(text[start:end]).text


@given(st.text("비밀가ﬁßＥe\u0301\u0302\u0323\u0327", max_size=12))
def test_folding_is_nfkc_without_case(text: str) -> None:
    def nfkc(form: str) -> str:
        return unicodedata.normalize("NFKC", form)

    assert fold(text).text == nfkc(nfkc(text).casefold())


@given(st.text("비밀번호비ᄆᆯ가ﬁßİａ\u200bé\u0301", min_size=1, max_size=12))
async def test_no_spelling_of_a_word_is_longer_than_the_reach(text: str) -> None:
    guardrail = blocklist([text])
    seen = sum(not invisible(char) for char in text)
    assert seen <= guardrail.reach
    assert not seen or (await guardrail.check(Normal(text)))[0].start == fold(text).starts[0]


async def test_a_redacted_value_has_the_same_placeholder_everywhere() -> None:
    check, ledger = guards(EMAIL, actions={"email": "redact"}), Ledger()
    verdict = await check.input("a@x.kr and b@x.kr, again a@x.kr", ledger)
    answer = await check.answer("Not b@x.kr but c@x.kr", ledger)

    assert verdict.text == "[EMAIL_1] and [EMAIL_2], again [EMAIL_1]"
    assert answer == "Not [EMAIL_2] but [EMAIL_3]"
    assert [note.stage for note in ledger.notes] == ["input", "output"]


async def test_overlapping_findings_are_redacted_as_one() -> None:
    wide, narrow = finder("account", "12-34-56"), finder("number", r"34-56-78|\d\d")
    check = guards(narrow, wide, actions={"account": "redact", "number": "redact"})
    verdict = await check.input("to 12-34-56-78 now", Ledger())
    assert verdict.text == "to [ACCOUNT_1] now"


async def test_a_redaction_cuts_the_original_text() -> None:
    check = guards(actions={"blocklist": "redact"})
    verdict = await check.input("ﬁ: 비\u200b밀번호를", Ledger())
    assert verdict.text == "ﬁ: [BLOCKLIST_1]를"


async def test_a_flag_changes_nothing_but_is_noted() -> None:
    ledger = Ledger()
    verdict = await guards(NUMBER, actions={"number": "flag"}).input("room 12", ledger)
    assert (verdict.action, verdict.text) == ("flag", "room 12")
    assert ledger.notes == [GuardrailNote("input", "number", "number", "flag")]


async def test_what_the_policy_allows_is_not_noted() -> None:
    ledger = Ledger()
    verdict = await guards(NUMBER, actions={"number": "allow"}).input("room 12", ledger)
    assert (verdict.action, ledger.notes) == ("allow", [])


async def test_the_gravest_finding_decides() -> None:
    check = guards(NUMBER, EMAIL, actions={"number": "flag", "email": "redact"})
    redacted = await check.input("12 a@x.kr", Ledger())
    blocked = await check.input("12 a@x.kr 비밀번호", Ledger())
    assert (redacted.action, redacted.note and redacted.note.name) == ("redact", "email")
    assert (blocked.action, blocked.note and blocked.note.name) == ("block", "blocklist")


async def test_a_stage_may_have_an_action_of_its_own() -> None:
    check = guards(EMAIL, actions={"email": "redact", "input.email": "block"})
    assert (await check.input("a@x.kr", Ledger())).action == "block"
    assert await check.answer("a@x.kr", Ledger()) == "[EMAIL_1]"


async def test_a_guardrail_runs_only_at_its_stages() -> None:
    outward = Guardrail("outward", broken, stages=frozenset({"output"}))
    assert (await guards(outward).input("hello", Ledger())).action == "allow"


async def test_a_message_that_is_too_long_is_refused_before_it_is_checked() -> None:
    verdict = await guards(Guardrail("never", broken)).input("a" * 101, Ledger())
    assert verdict.text == Policy().message("length")
    assert verdict.note == GuardrailNote("input", "length", "length", "block")


@pytest.mark.parametrize("check", [broken, hanging])
async def test_a_check_that_fails_lets_nothing_pass(check: object) -> None:
    failing = Guardrail("failing", broken if check is broken else hanging)
    with capture_logs() as logs, pytest.raises(GuardrailUnavailable, match="failing"):
        await guards(failing).input("heron-7731", Ledger())

    assert logs[0]["guardrail"] == "failing"
    assert logs[0]["error"] in {"ValueError", "TimeoutError"}
    assert "heron-7731" not in str(logs)


async def test_a_failing_check_withholds_an_answer() -> None:
    with pytest.raises(GuardrailUnavailable):
        await guards(Guardrail("failing", broken)).answer("All is well", Ledger())


async def test_an_unsafe_answer_is_blocked() -> None:
    with pytest.raises(Blocked) as stop:
        await guards().answer("Your 비밀번호 is here", Ledger())
    assert stop.value.verdict.text == Policy().message("blocklist")


async def test_a_long_answer_is_cut_with_a_mark() -> None:
    ledger = Ledger()
    assert await guards().answer("a" * 101, ledger) == "a" * 100 + " […]"
    assert ledger.notes == [GuardrailNote("output", "length", "length", "flag")]


async def test_a_tool_result_is_redacted() -> None:
    check = guards(EMAIL, actions={"email": "redact"})
    assert await check.tool_result("by a@x.kr", Ledger()) == "by [EMAIL_1]"


async def test_a_blocked_tool_result_is_replaced_and_the_turn_goes_on() -> None:
    ledger = Ledger()
    result = await guards().tool_result("the 비밀번호 is 1234", ledger)
    assert "1234" not in result
    assert "withheld" in result
    assert ledger.notes == [GuardrailNote("tool", "blocklist", "blocklist", "block")]
