"""Kept answers: which may be kept, and where they are served."""

from dataclasses import replace

import pytest
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from structlog.testing import capture_logs

from frontdesk.cache.answers import AnswerCache
from frontdesk.cache.question import normalised, stands_alone
from frontdesk.contract.context import Ledger, TurnContext
from frontdesk.contract.keys import OwnerKeys, owner_of
from frontdesk.contract.messages import Caller, Message
from frontdesk.contract.turns import GuardrailNote, ToolUse, TurnRecord
from frontdesk.sessions.sealing import Sealing

QUESTION = "Which colours does the garden bench come in?"
ANN = owner_of(b"secret", "shop", "ann")


def asked(
    text: str = QUESTION,
    *,
    user: str = "ann",
    tenant: str = "shop",
    instructions: str = "",
    agent: str | None = None,
    history: tuple[TurnRecord, ...] = (),
) -> TurnContext:
    """A turn that asks something."""
    message = Message("turn", Caller(tenant, user), text, instructions=instructions)
    return TurnContext(message, text, "session", history, agent)


def said(text: str) -> tuple[TurnRecord, ...]:
    """A window with one turn in which the user said this."""
    items = ({"role": "user", "content": text},)
    return (TurnRecord("t0", "completed", "2026-11-21T00:00:00Z", text, "yes", items),)


@pytest.fixture
def cache(redis: Redis) -> AnswerCache:
    return AnswerCache(redis, b"secret", 60, "1", Sealing(()))


async def test_a_kept_answer_is_found_however_the_question_is_typed(cache: AnswerCache) -> None:
    await cache.keep(asked(), "Red and 파랑")
    found = await cache.find(asked("  which COLOURS does the\ngarden bench come in ?!"))
    assert found == "Red and 파랑"


async def test_a_question_never_asked_is_not_found(cache: AnswerCache) -> None:
    assert await cache.find(asked()) is None


@pytest.mark.parametrize(
    "other",
    [
        asked(user="bob"),
        asked(tenant="rival"),
        asked(instructions="Answer in Korean."),
        asked("Which colours does the garden chair come in?"),
    ],
)
async def test_an_answer_is_served_to_the_same_question_of_the_same_user_only(
    cache: AnswerCache, other: TurnContext
) -> None:
    await cache.keep(asked(), "Red")
    assert await cache.find(other) is None


async def test_instructions_are_part_of_the_question(cache: AnswerCache) -> None:
    await cache.keep(asked(instructions="Be brief."), "Red")
    assert await cache.find(asked(instructions="Be brief.")) == "Red"
    assert await cache.find(asked()) is None


async def test_another_version_of_the_desk_finds_nothing(redis: Redis, cache: AnswerCache) -> None:
    await cache.keep(asked(), "Red")
    assert await AnswerCache(redis, b"secret", 60, "2", Sealing(())).find(asked()) is None


async def test_a_kept_answer_ends_and_lies_under_its_owner(
    redis: Redis, cache: AnswerCache
) -> None:
    await cache.keep(asked(), "Red")
    (key,) = [key async for key in redis.scan_iter(match=OwnerKeys(ANN).cache("*"))]
    assert 0 < await redis.ttl(key) <= 60


@pytest.mark.parametrize(
    "ledger",
    [
        Ledger(tools=[ToolUse("clock", 1.0, True)]),
        Ledger(hops=1),
        Ledger(notes=[GuardrailNote("output", "length", "length", "flag")]),
        Ledger(notes=[GuardrailNote("input", "email", "email", "redact")]),
    ],
    ids=["a tool", "a handoff", "a cut", "a redaction"],
)
async def test_what_something_else_shaped_is_not_kept(cache: AnswerCache, ledger: Ledger) -> None:
    await cache.keep(replace(asked(), ledger=ledger), "Red")
    assert await cache.find(asked()) is None


async def test_what_a_specialist_answered_is_not_kept(cache: AnswerCache) -> None:
    await cache.keep(asked(agent="billing"), "Red")
    assert await cache.find(asked()) is None


async def test_a_session_that_a_specialist_holds_is_not_served(cache: AnswerCache) -> None:
    await cache.keep(asked(), "Red")
    assert await cache.find(asked(agent="billing")) is None


async def test_what_was_asked_later_in_a_conversation_is_not_kept(cache: AnswerCache) -> None:
    await cache.keep(asked(history=said("I like red")), "Red, as you like")
    assert await cache.find(asked()) is None


async def test_the_same_question_again_is_served_in_the_same_session(cache: AnswerCache) -> None:
    await cache.keep(asked(), "Red")
    assert await cache.find(asked(history=said(QUESTION.lower()))) == "Red"


async def test_a_session_that_heard_something_else_is_not_served(cache: AnswerCache) -> None:
    await cache.keep(asked("What is my first name?"), "I do not know.")
    told = said("My first name is Ann")
    assert await cache.find(asked("What is my first name?", history=told)) is None


async def test_a_turn_that_no_model_is_shown_does_not_count(cache: AnswerCache) -> None:
    await cache.keep(asked(), "Red")
    blocked = (replace(said("")[0], status="blocked", items=()),)
    assert await cache.find(asked(history=blocked)) == "Red"


async def test_a_message_with_a_placeholder_is_not_kept(cache: AnswerCache) -> None:
    await cache.keep(asked("Do you know who owns [EMAIL_1] here?"), "Ann")
    assert await cache.find(asked("Do you know who owns [EMAIL_1] here?")) is None


@pytest.mark.parametrize(
    "text",
    [
        "Which colours does the garden bench come in",
        "Can I pay by card?",
        "이름이 뭐예요, 그리고요",
        "환불 규정 알려주세요",
        "더블침대 배송비 얼마예요?",
        "Do you ship to Jeju island?",
    ],
)
def test_a_whole_question_stands_alone(text: str) -> None:
    assert stands_alone(normalised(text)) == ("그리고" not in text)


@pytest.mark.parametrize(
    "text",
    [
        "hello",
        "환불은?",
        "And how much does shipping cost?",
        "How much does it cost?",
        "Tell me more about shipping",
        "What's that?",
        "그거는 얼마예요 배송비 포함해서",
        "그 상품 언제 도착하나요",
        "다시 한번 설명해 주세요",
        "그럼 배송비는 얼마인가요",
        "더 자세히 알려 주세요",
        "What time is it right now?",
        "오늘은 몇 시까지 하나요",
    ],
)
def test_a_follow_up_does_not_stand_alone(text: str) -> None:
    assert not stands_alone(normalised(text))


async def test_a_cache_that_is_down_is_a_miss() -> None:
    async with Redis(port=1, retry=Retry(NoBackoff(), 0)) as nowhere:
        cache = AnswerCache(nowhere, b"secret", 60, "1", Sealing(()))
        with capture_logs() as logs:
            await cache.keep(asked(), "Red")
            assert await cache.find(asked()) is None
    assert [log["event"] for log in logs] == ["cache.down", "cache.down"]
