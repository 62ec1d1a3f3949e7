"""Profanity and threats: what is found, and what only looks like it."""

import pytest
from tests.guard_rows import HOSTILE, Rows, rows

from frontdesk.guardrails.abuse import find
from frontdesk.guardrails.normal import Normal


def found(text: str) -> set[str]:
    return {finding.category for finding in find(Normal(text))}


@pytest.mark.parametrize("name", ["abuse_ko", "abuse_en"])
def test_nearly_every_row_of_abuse_is_found(name: str) -> None:
    assert rows(name).missed(find) <= 0.02


@pytest.mark.parametrize("name", ["abuse_ko", "abuse_en", "injection_ko", "injection_en"])
def test_innocent_rows_hold_no_abuse(name: str) -> None:
    assert Rows([row for row in rows(name) if row.category is None]).stopped(find) == []


@pytest.mark.parametrize(
    "text", ["시1발", "시이이발", "시ㅣ발", "ㅅ ㅂ", "tlqkf", "ssibal", "시 발 놈 아", "ㅅㅣㅂㅏㄹ"]
)
def test_one_korean_word_is_found_in_all_its_spellings(text: str) -> None:
    assert found(text) == {"profanity"}


@pytest.mark.parametrize("text", ["f*u*c*k", "f**k", "fuuuuck", "ｆｕｃｋ", "f u c k"])
def test_one_english_word_is_found_in_all_its_spellings(text: str) -> None:
    assert found(text) == {"profanity"}


def test_a_finding_stands_where_the_word_is_written() -> None:
    text = "정말 시.1.발 이라고 했어요"
    finding = next(find(Normal(text)))

    assert text[finding.start : finding.end] == "시.1.발"


@pytest.mark.parametrize(
    ("threat", "harmless"),
    [
        ("너 죽여버린다", "프로세스를 죽여버린다"),
        ("I will kill you", "I will kill the process"),
        ("I'll kill you", "I'll kill you in the next round of chess"),
        ("칼 들고 찾아간다", "칼로 두부를 썰어요"),
    ],
)
def test_a_threat_is_one_at_people(threat: str, harmless: str) -> None:
    assert found(threat) == {"threat"}
    assert found(harmless) == set()


def test_consonants_are_no_swear_word_in_a_riddle() -> None:
    assert found("ㅅㅂ") == {"profanity"}
    assert found("초성 퀴즈! ㅅㅂ은 무엇일까요?") == set()


@pytest.mark.parametrize("pattern", HOSTILE)
def test_hostile_text_is_read_to_its_end(pattern: str) -> None:
    text = (pattern * 50_000)[:16_000] + " fuck"

    assert found(text) >= {"profanity"}
