"""Where in a stream a value of the built-in detectors may have begun."""

import pytest

from frontdesk.guardrails.normal import Normal
from frontdesk.guardrails.pending import values, words


def left(text: str) -> str:
    """What may leave of the text so far."""
    return text[: values(Normal(text))]


@pytest.mark.parametrize(
    ("text", "free"),
    [
        ("You can send the tea back whenever you", "You can send the tea "),
        ("언제든지 편하게 다시 말씀해 주세요", "언제든지 편하게 "),
        ("It costs 25 euros for all of you tea and cake", "It costs 25 euros for all of you "),
        ("매장은 9시에 열고 저녁에 닫습니다 그리고 또", "매장은 9시에 열고 저녁에 "),
    ],
)
def test_prose_leaves_but_for_its_last_words(text: str, free: str) -> None:
    assert left(text) == free


@pytest.mark.parametrize(
    ("text", "free"),
    [
        ("Your number is 010-1234-56", "Your "),
        ("Your number is 010 1234 and then", "Your number is "),
        ("앞은 900101 그리고 그 뒤에 오는 것은", "앞은 "),
        ("The code of all of us is 공 일 공 일", "The code of all of "),
        ("It is a key: A K I A M L 3", "It is "),
        ("Your words are: orbit velvet lantern copper meadow pi", "Your words are: "),
        ("The house stands in 서울시 강남구 테헤란로", "The house stands in "),
        ("The key: -----BEGIN SOME PRIVATE KEY----- in a", "The key: "),
        ("He lives in house 123 Main Street, in Spr", "He lives in house "),
    ],
)
def test_what_may_be_a_value_stays(text: str, free: str) -> None:
    assert left(text) == free


def test_a_swear_word_whose_letters_stand_apart_stays() -> None:
    text = "What a nice day it is today, you b a d w o r"
    assert text[: words(Normal(text))] == text[: len(text) - 24]


def test_a_place_is_one_of_the_original_text() -> None:
    text = "\u200bＡＢ\u200b ｃｄ ef gh 010\u200b-12"
    assert text[values(Normal(text)) :] == "ef gh 010\u200b-12"
