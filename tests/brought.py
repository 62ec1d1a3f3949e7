"""Plugins that bring what a test gives them, and what is loaded with them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from structlog.testing import capture_logs

from frontdesk.config import Settings
from frontdesk.contract.context import TurnContext
from frontdesk.contract.guardrails import Finding, Text
from frontdesk.contract.handlers import Outcome, Pass
from frontdesk.contract.parts import Parts, Plugin, PluginPlace
from frontdesk.contract.tools import tool
from frontdesk.plugins import Loaded, load_plugins


@tool
async def greet() -> str:
    """A greeting."""
    return "hi"


async def handle(_context: TurnContext) -> Outcome:
    """Has nothing to say."""
    return Pass()


async def check(_text: Text) -> list[Finding]:
    """Finds nothing."""
    return []


def bringing(parts: object) -> Plugin:
    """A plugin that yields this."""

    @asynccontextmanager
    async def plugin(_place: PluginPlace) -> AsyncIterator[Parts]:
        yield parts  # type: ignore[misc]  # some tests yield what is not allowed

    return plugin


def settings(tmp_path: Path) -> Settings:
    """Settings with their data in a folder of the test."""
    return Settings(_env_file=None, data_dir=tmp_path / "data")


async def load(tmp_path: Path, **extra: Plugin) -> Loaded:
    """What is loaded, closed again."""
    with capture_logs():
        async with load_plugins(settings(tmp_path), extra, start_s=0.2) as loaded:
            return loaded
