"""The desk of the real model: a front desk without tools, in words that a tiny model can follow."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from frontdesk.contract.parts import Parts, PluginPlace, Specialist


@asynccontextmanager
async def plugin(place: PluginPlace) -> AsyncIterator[Parts]:
    """The plugin that brings it."""
    triage = Specialist(
        name="triage",
        description="Answers everything.",
        prompt="You are a friendly assistant. Answer in one or two short sentences.",
        tools=(),
        tier="cheap",
    )
    yield Parts(triage=triage)
