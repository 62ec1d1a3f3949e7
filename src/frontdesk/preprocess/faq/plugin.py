"""The plugin that answers from a FAQ file before any model."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import structlog

from frontdesk.contract.attempts import Failed, attempt
from frontdesk.contract.context import TurnContext
from frontdesk.contract.handlers import Answer, Handler, Outcome, Pass
from frontdesk.contract.parts import Parts, Plugin, PluginPlace
from frontdesk.preprocess.faq.hits import Hits
from frontdesk.preprocess.faq.shelf import Shelf

ORDER = 60
"""After the commands (10) and tool-first (50), before plugins' handlers (100)."""
READ_S = 5.0
"""What an answer may take in seconds: a file that was edited is read again first."""
COUNT_S = 5.0
"""What counting an answer may take, in seconds; nobody waits for it."""

log = structlog.get_logger()


def curated(path: Path, hits: Hits | None = None) -> Plugin:
    """A plugin whose handler `faq` answers from this file, and tells `hits` of each answer.

    The plugin raises PluginError when it starts and the file is missing or wrong.
    """

    def plugin(_place: PluginPlace) -> AbstractAsyncContextManager[Parts]:
        return _running(path.expanduser(), hits)

    return plugin


@asynccontextmanager
async def _running(path: Path, hits: Hits | None) -> AsyncIterator[Parts]:
    shelf = Shelf(path)
    await shelf.open()
    counting: set[asyncio.Task[None]] = set()

    async def handle(context: TurnContext) -> Outcome:
        match = (await shelf.matcher()).find(context.text, datetime.now(UTC).date())
        if match is None:
            return Pass()
        if hits is not None:
            task = asyncio.create_task(_count(hits, match.entry.id))
            counting.add(task)
            task.add_done_callback(counting.discard)
        return Answer(f"{match.entry.answer}\n\n— FAQ: {match.entry.id}")

    yield Parts(handlers=(Handler("faq", handle, ORDER, READ_S),))
    await asyncio.gather(*counting)


async def _count(hits: Hits, entry_id: str) -> None:
    try:
        await attempt(hits(entry_id), COUNT_S)
    except Failed as failed:
        log.warning("faq.not_counted", entry=entry_id, error=failed.error, at=failed.at)
