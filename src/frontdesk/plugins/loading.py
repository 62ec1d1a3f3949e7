"""Running all plugins of a desk, so that a bad one costs only what it brings."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

import structlog

from frontdesk.config import Settings
from frontdesk.contract.attempts import Failed, attempt
from frontdesk.contract.errors import FrontdeskError
from frontdesk.contract.parts import Parts, Plugin
from frontdesk.plugins.merging import Merger
from frontdesk.plugins.sources import Source, find
from frontdesk.plugins.starting import started

START_S = 30.0

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Loaded:
    """The parts of all running plugins together.

    `owners` says who brings each part: `tool clock` -> `clock (frontdesk 0.1.0)`; `problems` says
    of each plugin or part that was refused why; `running` are the plugins that were not.
    """

    parts: Parts
    owners: Mapping[str, str]
    problems: tuple[str, ...] = ()
    running: tuple[Source, ...] = ()


@dataclass(slots=True)
class Refusals:
    """What was refused: each goes to the log once, and into `problems`."""

    problems: list[str] = field(default_factory=list)

    def add(self, owner: str, cause: str, at: str = "") -> None:
        """Somebody's plugin, or a part of it, is refused."""
        self.problems.append(f"{owner}: {cause}")
        log.error("plugin.refused", plugin=owner, cause=cause, **({"at": at} if at else {}))

    def failed(self, owner: str, failed: Failed) -> None:
        """A plugin did not start."""
        error = failed.__cause__
        cause = error.detail if isinstance(error, FrontdeskError) else _said(failed)
        self.add(owner, cause, failed.at)


def _said(failed: Failed) -> str:
    words = str(failed.__cause__)
    return f"{failed.what}: {words}" if words else failed.what


@asynccontextmanager
async def load_plugins(
    settings: Settings, given: Mapping[str, Plugin] = {}, *, start_s: float | None = None
) -> AsyncIterator[Loaded]:
    """Runs all plugins: the entry points of the group `frontdesk`, what is `given` by name, and the
    files of the plugins folder. One that cannot be imported or does not start within `start_s`
    seconds is refused, and the others run; of two parts of one name the later is left out.

    Raises:
        PluginError: there is no such folder.
    """
    refusals = Refusals()
    running: list[tuple[Source, Parts]] = []
    async with AsyncExitStack() as stack:
        for source in _distinct(find(settings, given), refusals):
            refuse = partial(refusals.add, str(source))
            work = started(settings, source, stack, refuse)
            try:
                parts = await attempt(work, START_S if start_s is None else start_s)
            except Failed as failed:
                refusals.failed(str(source), failed)
            else:
                running.append((source, parts))
        merger = Merger(refusals.add)
        merged = merger.merged((str(source), parts) for source, parts in running)
        problems, sources = tuple(refusals.problems), tuple(source for source, _ in running)
        yield Loaded(merged, merger.owners, problems, sources)


def _distinct(sources: list[Source], refusals: Refusals) -> list[Source]:
    seen: dict[str, Source] = {}
    for source in sources:
        other = seen.setdefault(source.name, source)
        if other is not source:
            refusals.add(str(source), f"its name is taken by {other}; rename it")
    return list(seen.values())
