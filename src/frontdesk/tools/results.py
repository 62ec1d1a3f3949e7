"""The plugin by which agents read on in long tool results."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from frontdesk.contract.context import TurnContext
from frontdesk.contract.parts import Parts, Plugin, PluginPlace
from frontdesk.contract.tools import tool
from frontdesk.sessions.previews import READ_RESULT
from frontdesk.sessions.results import Results


def long_results(results: Results) -> Plugin:
    """The plugin that brings `read_result`."""

    @tool(name=READ_RESULT)
    async def read_result(context: TurnContext, handle: str, offset: int = 0) -> str:
        """Reads on in a tool result of this conversation that was too long to show at once.

        Args:
            handle: The handle that stands at the end of the shortened result.
            offset: The byte to read from.
        """
        return await results.read(context, handle, offset)

    @asynccontextmanager
    async def plugin(_place: PluginPlace) -> AsyncIterator[Parts]:
        yield Parts(tools=(read_result,))

    return plugin
