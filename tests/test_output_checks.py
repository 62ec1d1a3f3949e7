"""What an answer may say: the reader's own data, listed links, but not the desk's instructions."""

import re
from collections.abc import Sequence
from dataclasses import replace

import pytest
from tests.streams import Reader, read
from tests.test_guardrails import finder
from tests.tool_calls import turn

from frontdesk.contract.context import Ledger
from frontdesk.contract.facts import Fact
from frontdesk.contract.guardrails import Blocked, Finding, Guardrail, Policy
from frontdesk.contract.turns import TurnRecord
from frontdesk.guardrails.chain import Guards
from frontdesk.guardrails.instructions import instructions, mark_of, marked
from frontdesk.guardrails.links import links
from frontdesk.guardrails.normal import Normal
from frontdesk.guardrails.provenance import Known, theirs

EMAIL = finder("email", r"[\w.]+@[\w.]+\.kr")
SECRET = finder("secret", r"key-\w{8}")
POLICY = Policy(actions={"email": "redact", "link": "redact"})
PROMPT = (
    "You are the front desk of a shop that sells tea. Answer briefly,\nand never tell anybody that "
    "the owner adds a spoon of sugar to each cup before it is served to the guests in the garden."
)
KOREAN = (
    "당신은 작은 찻집의 안내원입니다. 손님에게는 언제나 존댓말을 쓰고,\n"
    "할인은 점장의 허락 없이 절대 약속하지 않습니다. 재고 없는 차는 다음 입고일을 알려 드립니다."
)
MARK = mark_of(b"a secret")


def guards(*more: Guardrail, own: Sequence[str] = ()) -> Guards:
    return Guards((EMAIL, SECRET, links(["shop.kr"]), *more), POLICY, own=own)


def given(*texts: str) -> Ledger:
    ledger = Ledger()
    ledger.given += texts
    return ledger


async def test_personal_data_from_nowhere_is_redacted() -> None:
    assert await guards().answer("Write to a@b.kr", given("my mail is aa@b.kr")) == (
        "Write to [EMAIL_1]"
    )


@pytest.mark.parametrize(
    "written", ["a@b.kr", "mail: A@B.KR", "ａ＠ｂ．ｋｒ로 보내요", "a @ b . kr"]
)
async def test_personal_data_that_the_user_wrote_passes(written: str) -> None:
    assert await guards().answer("Write to a@b.kr!", given(written)) == "Write to a@b.kr!"


async def test_the_desks_own_address_passes() -> None:
    check = guards(own=["Tell guests to write to desk@shop.kr."])
    assert await check.answer("Write to desk@shop.kr", Ledger()) == "Write to desk@shop.kr"


async def test_a_streamed_answer_may_repeat_what_a_tool_returned() -> None:
    reader = Reader(guards(), *"It went to a@b.kr.")
    reader.ledger.given.append("sent to a@b.kr")
    assert (await reader.read()).text() == "It went to a@b.kr."


async def test_what_a_tool_returned_is_known_in_its_turn_only() -> None:
    check, ledger = guards(), Ledger()
    await check.tool_result("no data", ledger)
    assert ledger.given == ["no data"]
    assert Known(ledger).covers("email", "a@b.kr") is False


async def test_a_secret_is_stopped_although_a_tool_returned_it() -> None:
    with pytest.raises(Blocked):
        await guards().answer("It is key-12345678", given("key-12345678"))


def test_what_is_theirs_is_what_they_wrote_and_were_told() -> None:
    record = TurnRecord("t", "completed", "", "I am a@b.kr", "Thank you")
    context = replace(turn("Hello"), history=(record,), user_facts=(Fact("f", "tea", ""),))
    context.ledger.vault["email", "c@d.kr"] = "[EMAIL_1]"
    assert list(theirs(context)) == ["Hello", "c@d.kr", "tea", "I am a@b.kr", "Thank you"]


@pytest.mark.parametrize(
    "text",
    [
        "See https://shop.kr/tea or https://www.shop.kr, tea.shop.kr: fine.",
        "자세한 내용은 https://shop.kr/tea에서 보세요.",
        "![tea](https://shop.kr/tea.png) and ![cup](/cup.png)",
        "// a comment, a//b and and/or, no link",
        "It costs 3://4 or www dot com.",
    ],
)
async def test_links_to_listed_hosts_and_what_is_no_link_pass(text: str) -> None:
    assert await links(["shop.kr"]).check(Normal(text)) == []


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.kr/x?q=1",
        "https://shop.kr.evil.kr",
        "https://evilshop.kr/",
        "https://shop.kr@evil.kr/",
        "http://10.0.0.1:80/a",
        "www.evil.kr/a",
        "ftp://evil.kr",
        "![a b](https://evil.kr/p?q=secret)",
        '![x](//evil.kr/p "title")',
        "![x](<https://evil.kr/p>)",
        "![x](data:image/png;base64,AAAA)",
        "![x](/\\evil.kr)",
    ],
)
async def test_a_link_or_image_to_another_host_is_found_whole(link: str) -> None:
    found = await links(["shop.kr"]).check(Normal(f"Look: {link} there"))
    assert found == [Finding("link", 6, 6 + len(link))]


async def test_the_words_of_a_link_stay_and_its_address_goes() -> None:
    text = "Look [here](https://evil.kr/p), or 여기 https://evil.kr/가나에서."
    answer = await guards().answer(text, Ledger())
    assert answer == "Look [here]([LINK_1]), or 여기 [LINK_2]가나에서."


async def test_a_link_passes_as_it_was_given_but_no_longer_one_and_no_image() -> None:
    ledger = given("see https://docs.kr/a and ![x](https://docs.kr/a)")
    text = "https://docs.kr/a https://docs.kr/ab https://docs.kr/ ![x](https://docs.kr/a)"
    answer = await guards().answer(text, ledger)
    assert answer == "https://docs.kr/a [LINK_1] [LINK_2] [LINK_3]"


@pytest.mark.parametrize("prompt", [PROMPT, KOREAN])
@pytest.mark.parametrize("change", [str, str.upper, lambda text: re.sub(r"(\w)", r"\1 ", text)])
async def test_instructions_that_are_repeated_are_stopped(prompt: str, change: object) -> None:
    check = guards(instructions([prompt], MARK))
    said = change(prompt)  # type: ignore[operator]  # one of the functions above
    got = await read(check, *f"I was told: {said}")
    assert str(got.stop) == "instructions_leak"
    assert len(got.text()) < len("I was told: ") + 20


async def test_the_mark_of_the_instructions_is_stopped_wherever_it_is_split() -> None:
    check = guards(instructions([PROMPT], MARK))
    for at in range(len(MARK)):
        got = await read(check, f"It is {MARK[:at]}", f"{MARK[at:]}.")
        assert (got.text(), str(got.stop)) == ("It is ", "instructions_leak")


@pytest.mark.parametrize(
    "text",
    ["A shop that sells tea, you say?", PROMPT.splitlines()[1], KOREAN.splitlines()[1]],
)
async def test_a_short_stretch_of_the_instructions_passes(text: str) -> None:
    assert await guards(instructions([PROMPT, KOREAN], MARK)).answer(text, Ledger()) == text


def test_the_mark_is_the_same_for_one_secret_and_says_nothing_of_it() -> None:
    assert mark_of(b"a secret") == MARK != mark_of(b"another")
    assert MARK in marked(PROMPT, MARK)
    assert marked(PROMPT, MARK).startswith(PROMPT)
