"""Guardrails that ask a model: the topic of a message, and the moderation endpoint."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
from openai import AsyncOpenAI

from frontdesk.assembly import open_desk
from frontdesk.config import Settings
from frontdesk.contract.context import Ledger
from frontdesk.contract.errors import GuardrailUnavailable
from frontdesk.contract.guardrails import Policy
from frontdesk.contract.parts import Parts, PluginPlace, Specialist
from frontdesk.contract.turns import GuardrailNote
from frontdesk.desk import Desk
from frontdesk.guardrails.chain import Guards
from frontdesk.guardrails.moderation import moderation
from frontdesk.testing import FakeOpenAI, Visitor
from frontdesk.testing.fake_openai import status, text


def shop(settings: Settings) -> AbstractAsyncContextManager[Desk]:
    """A desk that talks about tea only."""

    @asynccontextmanager
    async def plugin(place: PluginPlace) -> AsyncIterator[Parts]:
        yield Parts(triage=Specialist("triage", "First.", "Answer.", tier="cheap", topic="Tea."))

    return open_desk(settings, plugins={"tea": plugin}, policy=Policy(default="allow"))


async def test_a_message_off_the_topic_is_blocked_by_one_call(
    settings: Settings, upstream: FakeOpenAI
) -> None:
    upstream.script(text("OFF"))
    async with shop(settings) as desk:
        result = await Visitor(desk, "ann").ask("Who wins the election?")
    assert result.guardrail == GuardrailNote("input", "topic", "topic", "block")
    assert result.receipt is not None
    assert [use.agent for use in result.receipt.by_model] == ["topic"]


async def test_a_message_about_the_topic_is_answered(
    settings: Settings, upstream: FakeOpenAI
) -> None:
    upstream.script(text("ON"), text("Green or black?"))
    async with shop(settings) as desk:
        result = await Visitor(desk, "ann").ask("I would like some tea")
    assert (result.status, result.answer, upstream.calls) == ("completed", "Green or black?", 2)
    assert "Tea." in str(upstream.requests[0].body)


async def test_without_an_answer_about_the_topic_nothing_passes(
    settings: Settings, upstream: FakeOpenAI
) -> None:
    upstream.script(*[status(400)] * 5)
    async with shop(settings) as desk:
        result = await Visitor(desk, "ann").ask("I would like some tea")
    assert (result.error and result.error.code) == "guardrail_unavailable"


@pytest.mark.parametrize(
    ("said", "category"),
    [("[flagged:violence] x", "moderation_violence"), ("[flagged:self-harm/intent]", None)],
)
async def test_what_the_endpoint_flags_is_under_the_policy(
    client: AsyncOpenAI, said: str, category: str | None
) -> None:
    policy, ledger = Policy(actions={"moderation_self_harm_intent": "allow"}), Ledger()
    await Guards([moderation(client)], policy).input(said, ledger)
    assert [note.category for note in ledger.notes] == ([category] if category else [])


async def test_without_the_endpoint_nothing_passes() -> None:
    async with AsyncOpenAI(base_url="http://127.0.0.1:9/v1", api_key="k", max_retries=0) as nobody:
        with pytest.raises(GuardrailUnavailable, match="moderation"):
            await Guards([moderation(nobody)], Policy()).input("hello", Ledger())
