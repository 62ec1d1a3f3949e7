"""What `frontdesk.testing` gives to the tests of a plugin; and that users stay apart in tools."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from pydantic import BaseModel, ValidationError
from structlog.testing import capture_logs

from frontdesk.assembly import open_desk
from frontdesk.config import Settings
from frontdesk.contract.context import TurnContext
from frontdesk.contract.parts import Parts, PluginPlace
from frontdesk.contract.tools import First, tool
from frontdesk.testing import (
    ToolFailed,
    Visitor,
    a_turn,
    parts_of,
    run_tool,
    scripted_desk,
    text,
    tool_call,
)


@tool(first=First("who am i", lambda said: said), concurrency=4)
def whoami(context: TurnContext) -> str:
    """Who asks: it blocks a little."""
    time.sleep(0.001)
    return f"{context.user} of {context.tenant}"


class Greeting(BaseModel):
    """The settings of the plugin."""

    word: str


@asynccontextmanager
async def plugin(place: PluginPlace) -> AsyncIterator[Parts]:
    """A plugin that keeps its setting in its folder."""
    (place.folder / "word").write_text(place.settings(Greeting).word)
    yield Parts(tools=(whoami,))


@asynccontextmanager
async def bare(_place: PluginPlace) -> AsyncIterator[Parts]:
    """A plugin without settings."""
    yield Parts(tools=(whoami,))


async def test_a_tool_is_run_for_a_user() -> None:
    assert await run_tool(whoami, a_turn(user="bob")) == "bob of acme"


async def test_a_tool_that_fails_says_what_a_model_would_read() -> None:
    @tool
    async def broken(number: int) -> str:
        """Is broken."""
        raise ValueError(number)

    with capture_logs(), pytest.raises(ToolFailed, match="The tool broken failed: it raised"):
        await run_tool(broken, number=1)


async def test_what_is_no_tool_is_said_to_be_none() -> None:
    with pytest.raises(TypeError, match="write @tool above"):
        await run_tool(plugin)


async def test_the_parts_of_a_plugin_are_made_with_settings_of_the_test() -> None:
    async with parts_of(plugin, word="hello") as parts:
        assert parts.tools == (whoami,)
    with pytest.raises(ValidationError):
        async with parts_of(plugin):
            pass


async def test_a_scripted_desk_has_this_plugin_alone_and_says_what_it_is_told() -> None:
    async with scripted_desk(bare, tool_call("whoami", {}), text("You are Ann.")) as ann:
        assert (await ann.ask("Tell me my name")).answer == "You are Ann."
        assert (await ann.ask("Who am I?")).answer == "ann of local"


async def test_200_turns_at_once_of_two_tenants_get_what_is_theirs(settings: Settings) -> None:
    async with open_desk(settings, plugins={"who": bare}) as desk:
        visitors = [
            Visitor(desk, f"u{n}", tenant) for n in range(100) for tenant in ("acme", "other")
        ]
        results = await asyncio.gather(*(each.ask("who am i") for each in visitors))

    assert [each.answer for each in results] == [
        f"{each.caller.user} of {each.caller.tenant}" for each in visitors
    ]
