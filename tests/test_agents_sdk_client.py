"""The Agents SDK with this server as its model: tools that run at the client, chains, streams."""

from typing import Any

import pytest
from agents import Agent, OpenAIResponsesModel, RunConfig, Runner, function_tool
from openai import AsyncOpenAI
from pydantic import BaseModel

from frontdesk.testing import FakeOpenAI, text, together, tool_call

pytestmark = pytest.mark.usefixtures("no_traces")
QUIET = RunConfig(tracing_disabled=True)
SEOUL, BUSAN = (tool_call("weather", {"city": city}) for city in ("Seoul", "Busan"))


class City(BaseModel):
    name: str


@pytest.fixture
def asked() -> list[str]:
    return []


@pytest.fixture
def agent(protocol_clients: tuple[AsyncOpenAI, AsyncOpenAI], asked: list[str]) -> Agent[Any]:
    @function_tool
    async def weather(city: str) -> str:
        """The weather in a city."""
        asked.append(city)
        return f"sun in {city}"

    model = OpenAIResponsesModel("frontdesk", protocol_clients[0])
    return Agent(name="client", instructions="Be kind.", tools=[weather], model=model)


@pytest.mark.parametrize("how", [{}, {"auto_previous_response_id": True}])
async def test_tools_run_at_the_client_round_after_round(
    agent: Agent[Any], upstream: FakeOpenAI, asked: list[str], how: dict[str, Any]
) -> None:
    upstream.script(together(SEOUL, BUSAN), SEOUL, text("Sunny everywhere."))
    result = await Runner.run(agent, "The weather?", run_config=QUIET, **how)
    assert (result.final_output, asked) == ("Sunny everywhere.", ["Seoul", "Busan", "Seoul"])
    assert "sun in Busan" in str(upstream.requests[-1].body["input"])
    assert "Be kind." in str(upstream.requests[-1].body["input"])


async def test_a_streamed_run_ends_as_any_other(
    agent: Agent[Any], upstream: FakeOpenAI, asked: list[str]
) -> None:
    upstream.script(SEOUL, text("Sunny ", "in ", "Seoul."))
    run = Runner.run_streamed(agent, "The weather?", run_config=QUIET)
    deltas = [
        event.data.delta
        async for event in run.stream_events()
        if event.type == "raw_response_event" and event.data.type == "response.output_text.delta"
    ]
    assert (run.final_output, "".join(deltas), asked) == (
        *("Sunny in Seoul.", "Sunny in Seoul."),
        ["Seoul"],
    )


async def test_an_answer_has_the_type_that_the_client_asks_for(
    agent: Agent[Any], upstream: FakeOpenAI
) -> None:
    upstream.script(text('{"name": "Seoul"}'))
    typed = agent.clone(output_type=City)
    assert (await Runner.run(typed, "Capital?", run_config=QUIET)).final_output == City(
        name="Seoul"
    )


async def test_the_desks_own_tools_are_none_of_the_clients_business(
    agent: Agent[Any], upstream: FakeOpenAI
) -> None:
    upstream.script(tool_call("look"), text("It is blue."))
    result = await Runner.run(agent, "Which colour?", run_config=QUIET)
    assert [item.type for item in result.new_items] == ["message_output_item"]
