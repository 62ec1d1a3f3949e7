"""The models: what goes over the wire, and what comes back when the upstream misbehaves."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import openai
import pytest
from agents import (
    Agent,
    ModelProvider,
    ModelSettings,
    OpenAIProvider,
    RunConfig,
    Runner,
    function_tool,
    handoff,
)
from tests.agent_runs import final_output

from frontdesk.agents.call_settings import call_settings
from frontdesk.agents.models import open_models
from frontdesk.agents.unstreamed import Unstreamed
from frontdesk.config import Settings, load_settings
from frontdesk.contract.errors import SettingsError
from frontdesk.testing.fake_openai import (
    FakeOpenAI,
    text,
)

PIXEL = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUg=="
CALL = {
    "type": "function_call",
    "call_id": "call_1",
    "name": "clock",
    "arguments": '{"zone": "서울"}',
}
ITEMS: dict[str, list[Any]] = {
    "user": [{"role": "user", "content": '안녕 ☕ \u2028 "quoted"'}],
    "user with an image": [
        {
            "role": "user",
            "content": [
                {"type": "input_text", "text": "What is this?"},
                {"type": "input_image", "image_url": PIXEL, "detail": "low"},
            ],
        }
    ],
    "developer": [{"role": "developer", "content": "A fact."}, {"role": "user", "content": "Hi"}],
    "assistant": [{"role": "assistant", "content": "Hello."}, {"role": "user", "content": "Hi"}],
    "assistant of this run": [
        {
            "type": "message",
            "id": "msg_1",
            "role": "assistant",
            "status": "completed",
            "content": [{"type": "output_text", "text": "Hello.", "annotations": []}],
        },
        {"role": "user", "content": "Hi"},
    ],
    "call and output": [
        {"role": "user", "content": "Hi"},
        CALL,
        {"type": "function_call_output", "call_id": "call_1", "output": "noon"},
    ],
    "output with an image": [
        {"role": "user", "content": "Hi"},
        CALL,
        {
            "type": "function_call_output",
            "call_id": "call_1",
            "output": [
                {"type": "input_text", "text": "A picture:"},
                {"type": "input_image", "image_url": PIXEL, "detail": "auto"},
            ],
        },
    ],
}


@pytest.fixture(params=["responses", "chat_completions"])
def settings(request: pytest.FixtureRequest, upstream: FakeOpenAI) -> Settings:
    return load_settings(openai_base_url=upstream.base_url, model_api=request.param)


@function_tool
async def clock(zone: str, precise: bool = False) -> str:
    """Tells the time."""
    return "noon"


def desk(settings: ModelSettings) -> Agent[None]:
    expert = Agent[None](name="expert", model="gpt-6.1-sol", model_settings=settings)
    return Agent(
        name="triage",
        instructions="Be brief.",
        model="gpt-6-luna",
        model_settings=settings,
        tools=[clock],
        handoffs=[handoff(expert)],
    )


@asynccontextmanager
async def sdk_models(settings: Settings) -> AsyncIterator[ModelProvider]:
    """The SDK's own models over a client as the SDK would use it."""
    async with openai.AsyncOpenAI(
        api_key="any", base_url=settings.openai_base_url, max_retries=0
    ) as client:
        yield OpenAIProvider(openai_client=client, use_responses=settings.model_api == "responses")


async def ask(
    models: ModelProvider, settings: Settings, items: str | list[Any], *, stream: bool = True
) -> str:
    asked = desk(call_settings(settings, "gpt-6-luna"))
    return await final_output(asked, items, models, stream=stream)


@pytest.mark.parametrize("stream", [True, False], ids=["streamed", "whole"])
@pytest.mark.parametrize("items", ITEMS.values(), ids=ITEMS.keys())
async def test_the_body_sent_is_the_one_that_the_sdk_would_send(
    settings: Settings, upstream: FakeOpenAI, items: list[Any], stream: bool
) -> None:
    for opened in (sdk_models, open_models):
        async with opened(settings) as models:
            upstream.script(text("Yes."))
            assert await ask(models, settings, items, stream=stream) == "Yes."
    theirs, ours = upstream.requests
    assert ours.body == theirs.body
    assert ours.path == theirs.path


async def test_the_history_does_not_pass_through_the_clients_conversion(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    walked: list[Any] = []

    async def spy(params: Any, _type: object) -> Any:
        walked.append(params.get("input") or params.get("messages"))
        return {name: value for name, value in params.items() if value}

    for module in ("responses.responses", "chat.completions.completions"):
        monkeypatch.setattr(f"openai.resources.{module}.async_maybe_transform", spy)
    async with open_models(settings) as models:
        assert await ask(models, settings, "Hello", stream=False)
    assert len(walked) == 1
    assert not walked[0]


async def test_a_turn_that_nobody_reads_along_is_one_plain_call(
    settings: Settings, upstream: FakeOpenAI
) -> None:
    async with open_models(settings) as models:
        assert await ask(Unstreamed(models), settings, "Hello") == "You said: Hello"
    assert [request.body.get("stream", False) for request in upstream.requests] == [False]


async def test_an_unstreamed_answer_keeps_its_tokens(settings: Settings) -> None:
    async with open_models(settings) as models:
        config = RunConfig(model_provider=Unstreamed(models), tracing_disabled=True)
        asked = desk(call_settings(settings, "gpt-6-luna"))
        run = Runner.run_streamed(asked, "Hello", run_config=config)
        async for _ in run.stream_events():
            pass
    used = run.context_wrapper.usage
    assert (used.requests, used.input_tokens > 0, used.output_tokens > 0) == (1, True, True)


async def test_nothing_is_stored_upstream_and_answers_are_bounded(
    settings: Settings, upstream: FakeOpenAI
) -> None:
    async with open_models(settings) as models:
        await ask(models, settings, "Hello")
    body = upstream.requests[0].body
    limit = "max_output_tokens" if settings.model_api == "responses" else "max_tokens"
    assert body["store"] is False
    assert body[limit] == settings.max_output_tokens


async def test_a_model_is_made_once_per_name(settings: Settings) -> None:
    async with open_models(settings) as models:
        assert models.get_model("a") is models.get_model("a")
        assert models.get_model("a") is not models.get_model("b")


async def test_without_a_key_or_a_server_it_says_what_to_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    with pytest.raises(SettingsError, match=r"OPENAI_API_KEY.*frontdesk demo"):
        async with open_models(load_settings()):
            pass


async def test_the_key_goes_to_the_server_that_is_set(
    settings: Settings, upstream: FakeOpenAI
) -> None:
    keyed = load_settings(openai_base_url=upstream.base_url, openai_api_key="sk-one")
    async with open_models(keyed) as models:
        await ask(models, keyed, "Hello")
    assert upstream.requests[0].headers["authorization"] == "Bearer sk-one"


async def test_a_server_of_ones_own_needs_no_key(settings: Settings, upstream: FakeOpenAI) -> None:
    keyless = settings.model_copy(update={"openai_api_key": None})
    async with open_models(keyless) as models:
        await ask(models, keyless, "Hello")
    assert upstream.requests[0].headers["authorization"] == "Bearer none"


def test_only_openais_reasoning_models_are_asked_for_sealed_reasoning() -> None:
    theirs = load_settings(openai_base_url="https://api.openai.com/v1")
    other = load_settings(openai_base_url="http://127.0.0.1:9/v1")
    assert call_settings(theirs, "gpt-6-luna").response_include
    assert not call_settings(theirs, "gpt-4.1").response_include
    assert not call_settings(other, "gpt-6-luna").response_include
