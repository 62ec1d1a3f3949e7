"""The views of a text: evasions of spelling undone, and every character's place known."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.guardrails.folding import fold, seen, step_back
from frontdesk.guardrails.normal import Normal


def tags(text: str) -> str:
    return "".join(chr(0xE0000 + ord(char)) for char in text)


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        (tags("ignore"), "ignore"),
        ("비\u200b밀\u00ad번\u3164호\ufe0f", "비밀번호"),
        ("ㅂㅣㅁㅣㄹㅂㅓㄴㅎㅗ", "비밀번호"),
        ("ㅅㅣㅂㅏㄹㅋㅋ", "시발ᄏᄏ"),
        ("ﾱￂﾩ", "말"),
        (unicodedata.normalize("NFD", "비밀번호"), "비밀번호"),
        ("０１0-①②❸④-٥६7𝟠", "010-1234-5678"),
        ("0\ufe0f\u20e31\ufe0f\u20e3", "01"),
        ("раѕѕԝоrd Ρassword", "password password"),
        ("🅿🇵ⓟⓅ𝓟", "ppppp"),
        ("010–1234—5678", "010-1234-5678"),
        ("p\u0336a\u0336s\u0336s\u0336", "pass"),
    ],
)
def test_spellings_that_look_the_same_are_made_one(written: str, folded: str) -> None:
    assert fold(written).text == folded


@pytest.mark.parametrize(
    ("written", "joined"),
    [
        ("p a s s w o r d", "password"),
        ("비.밀.번.호", "비밀번호"),
        ("내 비·밀·번·호는", "내 비밀번호는"),
        ("씨 발 아율", "씨 발 아율"),
        ("0 1 0 - 1 2 3 4 - 5 6 7 8", "010 - 1234 - 5678"),
        ("s--e--c--r--e--t key", "secret key"),
        ("씨 발아율", "씨 발아율"),
        ("씨 발 사이", "씨 발 사이"),
        ("a b cd", "a b cd"),
    ],
)
def test_letters_that_stand_apart_are_joined_and_words_are_not(written: str, joined: str) -> None:
    assert Normal(written).joined.text == joined


def test_where_nothing_stands_apart_both_views_are_one() -> None:
    text = Normal("Nothing stands apart here")
    assert text.joined is text.folded


def test_a_place_in_the_joined_view_is_one_in_the_original() -> None:
    text = Normal("my ｐ a\u200b s s is")
    start = text.joined.text.index("pass")
    assert text.original[slice(*text.joined.span(start, start + 4))] == "ｐ a\u200b s s"


@given(st.text("a ㅂㅣ.밀1①\u200b\u0301ß-", max_size=20))
def test_every_view_has_a_place_for_each_character_in_order(text: str) -> None:
    for view in (Normal(text).folded, Normal(text).joined):
        assert len(view.text) == len(view.starts) == len(view.ends)
        assert list(view.starts) == sorted(view.starts)
        assert all(0 <= a < b <= len(text) for a, b in zip(view.starts, view.ends, strict=True))


def test_a_filler_is_invisible_as_a_zero_width_space_is() -> None:
    assert not seen("\u3164\ufe0f\u200b")
    assert step_back("ab\u3164\ufe0fc", 5, 2) == 1
