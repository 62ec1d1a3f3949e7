"""The plugin that lets the agents search folders of documents."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from frontdesk.contract.parts import Parts, Plugin, PluginPlace
from frontdesk.contract.tools import Tool, tool
from frontdesk.tools.knowledge.index import Hit, Index
from frontdesk.tools.knowledge.quotation import quotation

MOST_BYTES = 4_096
MOST_PASSAGES = 5
CHECK_S = 1.0
START_WAIT_S = 20.0
"""How long the start waits for the first reading; it goes on beside the first turns."""
SEARCH_WAIT_S = 3.0
"""How long a search waits for files that changed, before it uses what is known so far."""

UNREAD = "The documents are still being read. Say that you cannot look it up yet; do not guess."


def knowledge(
    folders: Sequence[Path], *, most_bytes: int = MOST_BYTES, check_s: float = CHECK_S
) -> Plugin:
    """A plugin with the tool `search_knowledge` over the Markdown, HTML and text files in these
    folders. What it answers has at most `most_bytes` bytes; before a search, but at most every
    `check_s` seconds, it looks for files that changed.

    Entering the plugin raises:
        SettingsError: there is no such folder, or the plugin's own folder cannot hold the index.
    """

    @asynccontextmanager
    async def plugin(place: PluginPlace) -> AsyncIterator[Parts]:
        async with _open_library(Index(place.folder, folders), check_s) as library:
            yield Parts(tools=(_search_tool(library, most_bytes),))

    return plugin


class _Library:
    """The index, and the one task that keeps it as the files are."""

    def __init__(self, index: Index, check_s: float) -> None:
        self.index = index
        self._check_s = check_s
        self._checked = float("-inf")
        self._refresh: asyncio.Task[None] | None = None
        self._stop = threading.Event()

    @property
    def reading(self) -> bool:
        return self._refresh is not None and not self._refresh.done()

    async def find(self, question: str) -> tuple[Hit, ...]:
        await self.refresh(SEARCH_WAIT_S)
        return await asyncio.to_thread(self.index.find, question, MOST_PASSAGES)

    async def refresh(self, wait_s: float) -> None:
        """Waits until the index is fresh, but not longer than `wait_s` seconds."""
        now = time.monotonic()
        if not self.reading and now - self._checked >= self._check_s:
            self._checked = now
            self._refresh = asyncio.create_task(asyncio.to_thread(self.index.refresh, self._stop))
        if self._refresh is not None:
            await asyncio.wait({self._refresh}, timeout=wait_s)

    async def close(self) -> None:
        self._stop.set()
        if self._refresh is not None:
            await self._refresh


@asynccontextmanager
async def _open_library(index: Index, check_s: float) -> AsyncIterator[_Library]:
    await asyncio.to_thread(index.prepare)
    library = _Library(index, check_s)
    try:
        await library.refresh(START_WAIT_S)
        yield library
    finally:
        await library.close()


def _search_tool(library: _Library, most_bytes: int) -> Tool:
    @tool
    async def search_knowledge(query: str) -> str:
        """Searches the documents of this desk: its policies, terms and instructions.

        Use it before you answer a question about a rule, a condition, a price, a deadline or how
        something is done, such as returns, warranty, shipping or care; never answer these from
        memory. Answer from the passages it gives and name their sources (file#heading). If it finds
        nothing, try once more with other words.

        Args:
            query: The question or a few key words, in the language of the customer.
        """
        hits = await library.find(query)
        return UNREAD if library.reading and not hits else quotation(hits, most_bytes)

    return search_knowledge
