"""Asking for responses as the official client does."""

import asyncio
from collections.abc import Callable
from typing import Any

from openai import AsyncOpenAI
from openai.types.responses import Response, ResponseFunctionToolCall

from frontdesk.testing import tool_call

WEATHER: Any = {
    "type": "function",
    "name": "weather",
    "description": "The weather in a city.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    "strict": False,
}
SEOUL: Any = tool_call("weather", {"city": "Seoul"})


async def ask(client: AsyncOpenAI, given: Any, **more: Any) -> Response:
    response = await client.responses.create(model="frontdesk", input=given, **more)
    assert isinstance(response, Response)
    return response


async def streamed(client: AsyncOpenAI, given: Any, **more: Any) -> list[Any]:
    stream = await client.responses.create(model="frontdesk", input=given, stream=True, **more)
    return [event async for event in stream]


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - what is waited for is in another task
            await asyncio.sleep(0.01)


async def polled(client: AsyncOpenAI, response_id: str) -> Response:
    async with asyncio.timeout(10):
        while True:
            found = await client.responses.retrieve(response_id)
            if found.status not in ("queued", "in_progress"):
                return found


def calls_of(response: Response) -> list[ResponseFunctionToolCall]:
    return [item for item in response.output if item.type == "function_call"]


def outputs(response: Response, said: str) -> list[Any]:
    return [
        {"type": "function_call_output", "call_id": call.call_id, "output": said}
        for call in calls_of(response)
    ]
