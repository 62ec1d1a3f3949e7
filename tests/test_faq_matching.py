"""Matching of curated answers: what people write, measured, and the rules behind it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.contract.text import folded
from frontdesk.preprocess.faq import Entry, read_faq
from frontdesk.preprocess.faq.matching import Matcher
from frontdesk.preprocess.faq.words import language

DAY = date(2026, 6, 1)
PASS = "pass"
HOURS = Entry("hours", ("When do you open?", "What are your opening hours?"), "At ten.")
HOURS_KO = Entry(
    "hours", ("영업 시간이 어떻게 되나요?", "몇 시에 문 열어요?"), "열 시요.", language="ko"
)
GIFT = Entry("gift", ("Do you offer gift wrapping?", "선물 포장 되나요?"), "Yes.", tags=("ribbon",))


@dataclass(frozen=True)
class Count:
    """How often the matcher was asked, answered, and right."""

    positives: int
    answered: int
    right: int

    @property
    def precision(self) -> float:
        return self.right / self.answered

    @property
    def recall(self) -> float:
        return self.right / self.positives


@cache
def demo() -> Matcher:
    return Matcher(read_faq(Path(str(files("frontdesk.demo").joinpath("faq.md")))))


@cache
def labelled() -> Mapping[str, Mapping[str, list[str]]]:
    text = (Path(__file__).parent / "data" / "faq_phrasings.yaml").read_text("utf-8")
    halves: Mapping[str, Mapping[str, list[str]]] = yaml.safe_load(text)
    return halves


def pairs(*halves: str) -> Iterator[tuple[str, str]]:
    """Each message with its label."""
    for half in halves:
        for label, texts in labelled()[half].items():
            yield from ((text, label) for text in texts)


def found(matcher: Matcher, text: str, day: date = DAY) -> str:
    match = matcher.find(text, day)
    return match.entry.id if match else PASS


def measured(*halves: str) -> Count:
    answers = [(found(demo(), text), label) for text, label in pairs(*halves)]
    return Count(
        positives=sum(label != PASS for _, label in answers),
        answered=sum(answer != PASS for answer, _ in answers),
        right=sum(answer == label != PASS for answer, label in answers),
    )


def test_the_labelled_set_is_large_in_both_languages() -> None:
    texts = [text for text, _ in pairs("development", "held_out")]
    spoken = [language(text) for text in texts]

    assert len(set(texts)) == len(texts) >= 200
    assert min(spoken.count("ko"), spoken.count("en")) >= 90
    assert sum(label == PASS for _, label in pairs("development", "held_out")) >= 70


def test_no_labelled_message_stands_in_the_faq() -> None:
    phrasings = {folded(text) for entry in demo().entries for text in entry.phrasings}
    messages = {folded(text) for text, _ in pairs("development", "held_out")}

    assert not phrasings & messages


def test_every_entry_has_three_to_six_phrasings() -> None:
    assert {len(entry.phrasings) for entry in demo().entries} <= {3, 4, 5, 6}


def test_answers_are_right_and_most_questions_are_answered() -> None:
    count = measured("development", "held_out")

    assert count.precision >= 0.99
    assert count.recall >= 0.85


def test_answers_to_messages_that_the_matcher_was_not_made_with_are_right() -> None:
    count = measured("held_out")

    assert count.precision >= 0.99
    assert count.recall >= 0.75


@pytest.mark.parametrize(
    "text",
    [
        "When do you open? And where are you?",
        "When do you open? " + "I really would like to know. " * 7,
        "When do you open? My order is 2024-1001.",
        "When do you open on 3 May?",
        "When do you not open?",
        "Why do you open?",
        "When does it open?",
        "When do you open the parcels?",
        "when",
        "?",
        "",
    ],
)
def test_a_message_that_says_something_else_too_passes(text: str) -> None:
    assert found(Matcher([HOURS]), "When do you open?") == "hours"
    assert found(Matcher([HOURS]), text) == PASS


@pytest.mark.parametrize(
    "text",
    [
        "영업시간이 어떻게 되나요?",
        "영 업 시 간 알려 주세요",
        "영업시간알려주세요",
        "시간이 궁금해요, 영업이요",
        "영엄 시간이 어떻게 되나요?",
        "문은 몇시에 열어요",
        "영업 시간 좀 알 수 있을까요?",
    ],
)
def test_korean_is_understood_however_it_is_spaced_and_ended(text: str) -> None:
    assert found(Matcher([HOURS_KO]), text) == "hours"


@pytest.mark.parametrize("text", ["영업 안 하는 시간은요?", "공휴일 영업 시간이요", "영업했나요?"])
def test_a_korean_look_alike_passes(text: str) -> None:
    assert found(Matcher([HOURS_KO]), text) == PASS


def test_an_entry_answers_its_language_only() -> None:
    english = Entry("hours", ("영업 시간이 어떻게 되나요?",), "At ten.", language="en")

    assert found(Matcher([english]), "영업 시간이 어떻게 되나요?") == PASS
    assert found(Matcher([GIFT]), "선물 포장 되나요?") == "gift"


def test_an_entry_answers_on_its_days_only() -> None:
    entry = Entry("hours", HOURS.phrasings, "-", valid_from=DAY, valid_until=DAY)
    asked = [date(2026, 5, 31), DAY, date(2026, 6, 2)]

    answers = [found(Matcher([entry]), "When do you open?", day) for day in asked]

    assert answers == [PASS, "hours", PASS]


def test_a_runner_up_that_is_near_makes_it_pass() -> None:
    rival = Entry("rival", ("When are you open?",), "-")

    assert found(Matcher([HOURS, rival]), "When do you open?") == PASS


def test_two_entries_of_one_id_are_no_rivals() -> None:
    other = Entry("hours", ("When are you open?",), "-")

    assert found(Matcher([HOURS, other]), "When do you open?") == "hours"


def test_numbers_must_be_those_of_the_phrasing() -> None:
    matcher = Matcher([Entry("free", ("Is shipping free over 50,000 won?",), "Yes.")])

    assert found(matcher, "is shipping free over 50000 won") == "free"
    assert found(matcher, "is shipping free over 40000 won") == PASS


@given(st.text(max_size=250))
def test_any_text_is_compared_without_an_error(text: str) -> None:
    assert found(demo(), text) in {PASS, *(entry.id for entry in demo().entries)}
