"""What the Agents SDK as a client makes of a server, as JSON; the same as openai_python.py.

python agents_sdk.py BASE_URL ANN_KEY BOB_KEY
"""

import asyncio
import json
import sys
from typing import Any

import openai
from agents import (
    Agent,
    ModelSettings,
    OpenAIChatCompletionsModel,
    OpenAIResponsesModel,
    RunConfig,
    Runner,
    function_tool,
    set_tracing_disabled,
)
from openai import AsyncOpenAI

MODELS = {"chat_completions": OpenAIChatCompletionsModel, "responses": OpenAIResponsesModel}
ASKED = 'What is the weather? [tool:get_weather {"city": "Seoul"}]'


@function_tool
def get_weather(city: str) -> str:
    """Tells the weather."""
    return f"Sunny in {city}."


def agent(client: AsyncOpenAI, model: str = "frontdesk") -> Agent[None]:
    speaks = MODELS[sys.argv[4]]
    return Agent(
        name="client",
        instructions="Be kind.",
        model=speaks(model, client),
        tools=[get_weather],
        model_settings=ModelSettings(extra_headers={"X-Frontdesk-Session": "main"}),
    )


async def answer(ann: AsyncOpenAI, _bob: AsyncOpenAI) -> list[Any]:
    return [(await Runner.run(agent(ann), "안녕하세요 🙂")).final_output]


async def stream(ann: AsyncOpenAI, _bob: AsyncOpenAI) -> list[Any]:
    run = Runner.run_streamed(agent(ann), "[long:100] [slow:0.01]")
    pieces = [
        event.data.delta
        async for event in run.stream_events()
        if event.type == "raw_response_event" and event.data.type == "response.output_text.delta"
    ]
    return ["".join(pieces).split(" ")[-1], len(pieces) > 1]


async def turns(ann: AsyncOpenAI, _bob: AsyncOpenAI) -> Any:
    first = await Runner.run(agent(ann), "I like herons.")
    said: list[Any] = [*first.to_input_list(), {"role": "user", "content": "[echo]"}]
    return (await Runner.run(agent(ann), said)).final_output


async def tool(ann: AsyncOpenAI, _bob: AsyncOpenAI) -> list[Any]:
    run = await Runner.run(agent(ann), ASKED)
    return [[type(item).__name__ for item in run.new_items], run.final_output]


async def errors(ann: AsyncOpenAI, _bob: AsyncOpenAI) -> list[Any]:
    wrong = ann.with_options(api_key="fd_wrong")
    return [
        await _error(agent(wrong), "hi"),
        await _error(agent(ann, "gpt-2"), "hi"),
    ]


async def isolated(ann: AsyncOpenAI, bob: AsyncOpenAI) -> list[Any]:
    await Runner.run(agent(ann), "My bird is a heron.")
    return [(await Runner.run(agent(bob), "[echo]")).final_output]


async def _error(asked: Agent[None], said: str) -> list[Any]:
    try:
        await Runner.run(asked, said, run_config=RunConfig(tracing_disabled=True))
    except openai.APIStatusError as error:
        return [type(error).__name__, error.status_code, error.code]
    return ["none"]


CHECKS = (answer, stream, turns, tool, errors, isolated)


async def main(base_url: str, *keys: str) -> None:
    set_tracing_disabled(True)
    both = [AsyncOpenAI(base_url=base_url, api_key=key) for key in keys]
    json.dump({check.__name__: await check(*both) for check in CHECKS}, sys.stdout)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:4]))
