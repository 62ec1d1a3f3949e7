"""The demo model and the documents: which questions it looks up, and how it tells what it found."""

from pathlib import Path

import pytest

from frontdesk.config import load_settings
from frontdesk.demo import equipped
from frontdesk.demo.conversation import Conversation
from frontdesk.demo.documents import told
from frontdesk.demo.rules import Offer, Say, Use, decide
from frontdesk.tools.knowledge.index import Hit
from frontdesk.tools.knowledge.quotation import quotation

QUERY = {"properties": {"query": {"type": "string"}}}
SEARCH = Offer("search", "Searches the documents: policies and terms.", QUERY)
NUMBER = {"properties": {"number": {"type": "string", "pattern": r"^\d{4}-\d{4}$"}}}
ORDER = Offer("order_status", "Looks up an order.", NUMBER)
COMPLAINTS = Offer(
    "transfer_to_complaints", "Complaints, damage, refunds, returns and warranties, contracts.", {}
)
RETURNS = Hit("returns.md#how-long", "Unused goods can be returned\nwithin 14 days.")
ABROAD = Hit("abroad.md#customs", "The recipient pays the customs.")


def conversation(*said: str, results: tuple[tuple[str, str], ...] = ()) -> Conversation:
    return Conversation(said, results, ("Desk", "데스크"), (), 100)


def decided(message: str) -> str:
    decision = decide(conversation(message), [SEARCH, ORDER], [COMPLAINTS])
    return decision.name if isinstance(decision, Use) else decision.text


@pytest.mark.parametrize(
    "message",
    [
        "What is your returns policy?",
        "Can I return something I do not like?",
        "Who pays for sending it back?",
        "How long does the warranty last?",
        "How do I wash linen?",
        "반품 규정 알려 주세요",
        "보증 기간이 얼마나 되나요?",
        "린넨은 몇 도에서 세탁하나요",
    ],
)
def test_a_question_for_a_rule_is_looked_up(message: str) -> None:
    assert decided(message) == "search"


@pytest.mark.parametrize(
    "message",
    [
        "I want to return my lamp",
        "My lamp arrived broken, what can you do?",
        "Can I get a refund for 2024-1001?",
        "환불해 주세요",
        "화분이 깨져서 왔는데 어떻게 하나요?",
        "계약을 해지하고 싶은데 어떻게 해요?",
    ],
)
def test_a_case_of_ones_own_goes_to_the_specialist(message: str) -> None:
    assert decided(message) == "transfer_to_complaints"


@pytest.mark.parametrize("message", ["Hello there", "Thank you!", "안녕하세요", "Blue sky", "하늘"])
def test_what_asks_nothing_is_not_looked_up(message: str) -> None:
    assert decided(message) != "search"


def test_without_a_search_tool_a_specialist_is_asked_for_the_rule() -> None:
    decision = decide(conversation("What is your returns policy?"), [ORDER], [COMPLAINTS])
    assert decision == Use("transfer_to_complaints")


def test_the_passage_about_the_message_is_told_with_its_source() -> None:
    found = quotation([ABROAD, RETURNS], 1000)
    assert told(found, "Can I return it?") == [
        "Unused goods can be returned within 14 days.",
        "— returns.md#how-long",
    ]


def test_the_first_passage_is_told_when_the_subject_is_unknown() -> None:
    found = quotation([ABROAD, RETURNS], 1000)
    assert told(found, "Who pays the tax?")[1] == "— abroad.md#customs"


def test_lists_keep_their_lines() -> None:
    found = quotation([Hit("a.md", "Bring:\n- a card\n- cash")], 1000)
    assert told(found, "what?")[0] == "Bring:\n- a card\n- cash"


@pytest.mark.parametrize(
    ("message", "answer"),
    [("Do you like tea?", "I found nothing about that"), ("차를 좋아하나요?", "찾지 못했습니다")],
)
def test_nothing_found_is_said_in_the_users_language(message: str, answer: str) -> None:
    talk = conversation(message, results=(("search", quotation([], 1000)),))
    decision = decide(talk, [SEARCH], [])
    assert isinstance(decision, Say)
    assert answer in decision.text
    assert "do not guess" not in decision.text


def test_the_demo_has_its_own_answers_and_documents() -> None:
    settings = equipped(load_settings())
    assert settings.faq is not None
    assert settings.faq.name == "faq.md"
    assert settings.knowledge_dir is not None
    assert (settings.knowledge_dir / "returns.md").is_file()


def test_answers_and_documents_that_settings_name_are_kept(tmp_path: Path) -> None:
    faq = tmp_path / "own.md"
    faq.touch()
    settings = load_settings(faq=faq, knowledge_dir=tmp_path)
    assert equipped(settings) == settings
