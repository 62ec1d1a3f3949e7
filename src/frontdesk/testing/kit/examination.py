"""All checks of a plugin, in order, each on its own."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

from frontdesk.config import Settings
from frontdesk.contract.attempts import Failed, attempt
from frontdesk.contract.errors import FrontdeskError
from frontdesk.contract.findings import Finding, Result, failed, passed, warned
from frontdesk.contract.parts import Parts
from frontdesk.contract.tools import Tool
from frontdesk.plugins import Source, load_plugins
from frontdesk.plugins.loading import START_S
from frontdesk.plugins.merging import labels
from frontdesk.plugins.starting import started
from frontdesk.testing.kit import texts, tools
from frontdesk.testing.kit.folders import sources_at

CHECK_S = 120.0

Check = tuple[str, Callable[[], Awaitable[Finding]]]


async def check_plugin(path: Path, settings: Settings) -> tuple[Result, ...]:
    """Runs the plugins of a file or a package's folder, or an installed one by its name, and checks
    each. Tools without side effect are called, with made-up arguments.

    Raises:
        PluginError: there is no plugin.
    """
    with sources_at(path) as sources:
        results = [each for source in sources async for each in _checked(source, settings)]
    return (*results, *_package(path))


async def _checked(source: Source, settings: Settings) -> AsyncIterator[Result]:
    refused: list[str] = []
    async with AsyncExitStack() as stack:
        try:
            work = started(settings, source, stack, refused.append)
            parts = await attempt(work, START_S)
        except Failed as stopped:
            yield _result(f"starts {source.name}", _not_started(stopped))
            return
        yield _result(f"starts {source.name}", passed(_named(parts)))
        for problem in refused:
            yield _result("parts", failed(problem, "Mend it; the others of its parts work."))
        yield _result("names", await _clashes(source, parts, settings))
        for name, check in _checks(parts):
            yield _result(name, await _done(check))


def _not_started(stopped: Failed) -> Finding:
    error = stopped.__cause__
    if isinstance(error, FrontdeskError):
        return failed(error.detail, "A desk would refuse it and run the others.")
    return failed(f"{stopped.what}: {error}, at {stopped.at}", "Mend what it does at its start.")


def _named(parts: Parts) -> str:
    return ", ".join(labels(parts)) or "it brings nothing"


async def _clashes(source: Source, parts: Parts, settings: Settings) -> Finding:
    """Whether another plugin of this deployment has the same names."""
    async with load_plugins(settings) as loaded:
        owners = {label: owner for label, owner in loaded.owners.items() if _other(source, owner)}
    taken = [f"{label} is also from {owners[label]}" for label in labels(parts) if label in owners]
    if taken:
        return failed("; ".join(taken), "Rename it: of two of one name the later is left out.")
    return passed("no other plugin here has them")


def _other(source: Source, owner: str) -> bool:
    return owner.partition(" ")[0] != source.name


def _checks(parts: Parts) -> Iterator[Check]:
    for tool in parts.tools:
        if isinstance(tool, Tool):
            yield from _tool_checks(tool)
    for handler in parts.handlers:
        yield f"handler {handler.name}", partial(texts.handler, handler)
    for guardrail in parts.guardrails:
        yield f"guardrail {guardrail.name}", partial(texts.guardrail, guardrail)


def _tool_checks(tool: Tool) -> Iterator[Check]:
    trial = tools.trial_of(tool)
    for check in tools.CHECKS:
        yield f"{tool.name}: {check.__name__}", partial(check, trial)
    if trial.arguments is None:
        yield f"{tool.name}: calls", partial(_skipped, trial.why)
        return
    for check in tools.CALLS:
        yield f"{tool.name}: {check.__name__}", partial(check, trial)


async def _skipped(why: str) -> Finding:
    return Finding("SKIP", why)


async def _done(check: Callable[[], Awaitable[Finding]]) -> Finding:
    try:
        return await attempt(check(), CHECK_S)
    except Failed as stopped:
        return failed(f"{stopped.what}, at {stopped.at}", "Run it again; then look there.")


def _package(folder: Path) -> Iterator[Result]:
    if not folder.is_dir():
        return
    missing = [name for name in ("README.md", "tests") if not (folder / name).exists()]
    found = passed("README.md and tests are there")
    if missing:
        found = warned(f"it has no {' and no '.join(missing)}", "Others will look for that.")
    yield _result("package", found)


def _result(check: str, finding: Finding) -> Result:
    return Result(check, finding.status, finding.evidence, finding.advice)
