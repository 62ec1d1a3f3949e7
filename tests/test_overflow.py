"""A window that is too long for a model: cut once and tried again, when nothing was shown yet."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from agents import ModelBehaviorError

from frontdesk.agents.failures import failure
from frontdesk.assembly import open_desk
from frontdesk.config import Settings
from frontdesk.contract.errors import ContextOverflow
from frontdesk.demo import policy, shop
from frontdesk.desk import Desk
from frontdesk.testing import FakeOpenAI, Visitor, overflow, text, together, tool_call

STORY = "Tell me more of it [long:200]"


@pytest_asyncio.fixture(params=["responses", "chat_completions"])
async def desk(settings: Settings, request: pytest.FixtureRequest) -> AsyncIterator[Desk]:
    """The demo shop's desk, on either API."""
    asked = settings.model_copy(update={"model_api": request.param})
    async with open_desk(asked, plugins={"shop": shop}, policy=policy()) as opened:
        yield opened


async def long_talk(visitor: Visitor) -> None:
    for number in range(4):
        await visitor.ask(f"{STORY} {number}")


def sent(upstream: FakeOpenAI, back: int = 1) -> str:
    return str(upstream.requests[-back].body)


@pytest.mark.parametrize("stream", [True, False])
async def test_a_conversation_that_is_too_long_is_cut_and_tried_again(
    ann: Visitor, upstream: FakeOpenAI, stream: bool
) -> None:
    await long_talk(ann)
    upstream.script(overflow())
    result = await ann.ask("And the end?", stream=stream)
    assert (result.status, result.error) == ("completed", None)
    assert f"{STORY} 0" in sent(upstream, 2)
    assert f"{STORY} 0" not in sent(upstream)
    assert f"{STORY} 3" in sent(upstream)


async def test_the_next_turn_goes_on_from_what_was_not_too_long(
    ann: Visitor, upstream: FakeOpenAI
) -> None:
    await long_talk(ann)
    upstream.script(overflow())
    await ann.ask("And the end?")
    await ann.ask("And after the end?")
    again, following = (
        request.body.get("input") or request.body["messages"] for request in upstream.requests[-2:]
    )
    assert len(again) > 2
    assert following[: len(again)] == again


async def test_too_long_a_second_time_is_an_error_that_says_what_to_do(
    ann: Visitor, upstream: FakeOpenAI
) -> None:
    await long_talk(ann)
    calls = upstream.calls
    upstream.script(overflow(), overflow())
    result = await ann.ask("And the end?")
    assert (result.status, upstream.calls - calls) == ("failed", 2)
    assert result.error is not None
    assert result.error.code == "context_overflow"
    assert "FRONTDESK_CONTEXT_TOKENS" in result.error.detail


async def test_a_first_message_that_is_too_long_is_not_tried_again(
    ann: Visitor, upstream: FakeOpenAI
) -> None:
    upstream.script(overflow())
    result = await ann.ask("A very long message indeed")
    assert (result.status, upstream.calls) == ("failed", 1)


async def test_after_a_tool_was_called_nothing_is_tried_again(
    ann: Visitor, upstream: FakeOpenAI
) -> None:
    await long_talk(ann)
    upstream.script(tool_call("clock", {"zone": "UTC"}), overflow())
    calls = upstream.calls
    result = await ann.ask("And the end?")
    assert (result.status, upstream.calls - calls) == ("failed", 2)


async def test_after_words_were_shown_nothing_is_tried_again(
    ann: Visitor, upstream: FakeOpenAI
) -> None:
    await long_talk(ann)
    upstream.script(together(text("Let me see. "), tool_call("no_such_tool")), overflow())
    result = await ann.ask("And the end?", stream=True)
    assert result.status == "failed"
    assert result.answer.startswith("Let me see.")


async def test_a_specialist_that_was_handed_over_to_goes_on_itself(
    ann: Visitor, upstream: FakeOpenAI
) -> None:
    await long_talk(ann)
    upstream.script(tool_call("transfer_to_complaints"), overflow())
    calls = upstream.calls
    result = await ann.ask("I want my money back")
    assert (result.status, result.agent, upstream.calls - calls) == ("completed", "complaints", 3)


def test_a_stream_that_fails_for_its_length_is_known_by_its_words() -> None:
    error = ModelBehaviorError("response.failed without output: code context_length_exceeded")
    assert isinstance(failure(error), ContextOverflow)
