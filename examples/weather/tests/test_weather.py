"""What the weather plugin answers, on a stand-in of its service on loopback."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from frontdesk.testing import ToolFailed, parts_of, run_tool, scripted_desk, text, tool_call
from frontdesk_weather import plugin

GOOD = b'{"current": {"temperature_2m": 21.5, "wind_speed_10m": 7.2}}'


@asynccontextmanager
async def service(body: bytes = GOOD, status: int = 200) -> AsyncIterator[str]:
    """A service that gives everybody this answer: its URL."""
    head = f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head.encode() + body)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1/forecast"


async def test_the_weather_comes_from_the_service() -> None:
    async with service() as url, parts_of(plugin, url=url) as parts:
        report = await run_tool(parts.tools[0], city="busan")
    assert report.sentence() == "Busan: 21.5 °C, wind 7.2 km/h (127.0.0.1)."


@pytest.mark.parametrize(
    ("body", "status"), [(GOOD, 503), (b"{}", 200), (b"<html>", 200), (b"x" * 70_000, 200)]
)
async def test_an_answer_that_is_none_is_a_failure(body: bytes, status: int) -> None:
    async with service(body, status) as url, parts_of(plugin, url=url) as parts:
        with pytest.raises(ToolFailed, match="The tool weather failed: it raised"):
            await run_tool(parts.tools[0], city="busan")


async def test_without_a_service_the_weather_is_invented_and_says_so() -> None:
    async with scripted_desk(plugin) as ann:
        result = await ann.ask("What is the weather in Jeju?")
    assert (result.rung, result.answer) == (
        "handler",
        "Jeju: 22 °C, wind 9 km/h (invented).",
    )


async def test_an_agent_asks_for_the_weather() -> None:
    call = tool_call("weather", {"city": "seoul"})
    async with scripted_desk(plugin, call, text("It is 17 degrees.")) as ann:
        result = await ann.ask("Do I need a coat in Seoul?")
    assert result.answer == "It is 17 degrees."
