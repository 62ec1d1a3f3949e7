"""The fake OpenAI under the SDK's runner, driven by scripts and by markers in the message."""

import asyncio
import json
import sys

import pytest
from agents import Agent, ModelSettings, RunConfig, Runner, function_tool
from agents.models.openai_provider import OpenAIProvider
from openai import APIStatusError, AsyncOpenAI

from frontdesk.testing.fake_openai import FakeOpenAI, handoff, text, tool_call

pytestmark = pytest.mark.parametrize("api", ["responses", "chat_completions"])


@function_tool
async def clock(zone: str = "UTC") -> str:
    """Tells the time."""
    return f"noon in {zone}"


def crew() -> Agent[None]:
    settings = ModelSettings(store=False)
    complaints = Agent[None](
        name="complaints", instructions="Be kind.", model="sol", model_settings=settings
    )
    return Agent[None](
        name="triage",
        instructions="Route.",
        tools=[clock],
        handoffs=[complaints],
        model="luna",
        model_settings=settings,
    )


async def run(client: AsyncOpenAI, api: str, message: str, stream: bool) -> tuple[str, str]:
    provider = OpenAIProvider(openai_client=client, use_responses=api == "responses")
    config = RunConfig(model_provider=provider, tracing_disabled=True)
    if not stream:
        done = await Runner.run(crew(), message, run_config=config)
        return done.last_agent.name, done.final_output
    running = Runner.run_streamed(crew(), message, run_config=config)
    deltas = [
        event.data.delta
        async for event in running.stream_events()
        if event.type == "raw_response_event" and event.data.type == "response.output_text.delta"
    ]
    assert "".join(deltas) == running.final_output
    return running.last_agent.name, running.final_output


@pytest.mark.parametrize("stream", [False, True])
async def test_the_sdk_calls_a_tool_that_the_message_names(
    upstream: FakeOpenAI, client: AsyncOpenAI, api: str, stream: bool
) -> None:
    message = 'Now? [tool:clock {"zone": "[KST]"}] [tool:clock] [tool:unknown]'
    assert await run(client, api, message, stream) == ("triage", "noon in UTC")
    assert upstream.calls == 3
    assert "noon in [KST]" in json.dumps(upstream.requests[1].body)


@pytest.mark.parametrize("stream", [False, True])
async def test_the_sdk_hands_over_to_the_agent_that_the_message_names(
    upstream: FakeOpenAI, client: AsyncOpenAI, api: str, stream: bool
) -> None:
    answer = await run(client, api, "Refund! [handoff:complaints]", stream)
    assert answer == ("complaints", "You said: Refund!")
    assert [request.body["model"] for request in upstream.requests] == ["luna", "sol"]


async def test_the_sdk_follows_a_script(
    upstream: FakeOpenAI, client: AsyncOpenAI, api: str
) -> None:
    upstream.script(tool_call("clock", {"zone": "KST"}), handoff("Complaints"), text("Sorry."))
    assert await run(client, api, "hello", stream=True) == ("complaints", "Sorry.")
    assert upstream.scripted == 0


async def test_arguments_can_be_broken(upstream: FakeOpenAI, client: AsyncOpenAI, api: str) -> None:
    _, answer = await run(client, api, "[tool:clock {broken]", stream=False)
    assert "{broken" in json.dumps(upstream.requests[1].body)
    assert "noon" not in answer


async def test_an_error_can_follow_a_tool(client: AsyncOpenAI, api: str) -> None:
    with pytest.raises(APIStatusError):
        await run(client, api, "[tool:clock] [500]", stream=False)


async def test_it_serves_alone(api: str) -> None:
    command = [sys.executable, "-W", "error", "-m", "frontdesk.testing.fake_openai", "--port", "0"]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert process.stdout
    try:
        url = (await process.stdout.readline()).decode().strip()
        async with AsyncOpenAI(base_url=url, api_key="any") as client:
            assert await run(client, api, "hi", stream=False) == ("triage", "You said: hi")
    finally:
        process.terminate()
        await process.communicate()
