"""What is blocked on the way in leaves nothing anywhere: a look at everything that is written."""

import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs
from tests.redis_contents import contents

from frontdesk.contract.events import Event
from frontdesk.contract.turns import TurnResult
from frontdesk.testing import FakeOpenAI, Visitor

SECRET = "heron-7731"
BLOCKED = f"Where is my order 2024-1001? 비밀번호는 {SECRET} [tool:order_status]"


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Iterator[Callable[[], str]]:
    """Tells whatever was logged so far, at any level."""
    caplog.set_level(logging.DEBUG)
    with capture_logs() as logs:
        yield lambda: f"{logs} {caplog.text}"


def result_of(events: list[Event]) -> TurnResult:
    result = getattr(events[-1], "result", None)
    assert isinstance(result, TurnResult)
    return result


@pytest.mark.parametrize(
    "said",
    [
        {"text": BLOCKED},
        {"text": BLOCKED, "stream": True},
        {"text": "Good morning", "instructions": f"비밀번호 {SECRET}"},
        {"text": BLOCKED, "metadata": {"note": SECRET}},
    ],
    ids=["message", "streamed", "instructions", "metadata"],
)
async def test_a_blocked_message_calls_nothing_and_is_written_nowhere(
    said: dict[str, Any],
    ann: Visitor,
    upstream: FakeOpenAI,
    redis: Redis,
    logged: Callable[[], str],
) -> None:
    await ann.ask("Good evening")
    before = upstream.calls
    events = await ann.events(**said)
    result = result_of(events)

    assert (result.status, upstream.calls) == ("blocked", before)
    assert result.receipt is not None
    assert (result.receipt.model_calls, result.receipt.tools) == (0, ())
    assert SECRET not in str(events) + str(await contents(redis))
    assert SECRET not in logged()


async def test_the_next_model_call_knows_nothing_of_it(
    ann: Visitor, upstream: FakeOpenAI, redis: Redis, logged: Callable[[], str]
) -> None:
    await ann.ask("Good evening")
    await ann.ask(BLOCKED)
    await ann.ask("What did I just say?")

    assert SECRET not in str([request.body for request in upstream.requests])
    assert SECRET not in str(await contents(redis))
    assert SECRET not in logged() + str(await ann.records())


async def test_a_message_that_is_not_blocked_is_found_by_this_sweep(
    ann: Visitor, upstream: FakeOpenAI, redis: Redis
) -> None:
    await ann.ask(f"My heron is {SECRET}")
    assert SECRET in str(await contents(redis))
    assert SECRET in str([request.body for request in upstream.requests])
