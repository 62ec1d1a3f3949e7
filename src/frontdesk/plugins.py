"""Finding and running plugins: entry points, files of a folder, and what a caller adds."""

import re
import stat
import sys
import uuid
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
    contextmanager,
    suppress,
)
from dataclasses import dataclass
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.metadata import EntryPoint, entry_points
from importlib.util import module_from_spec
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

import structlog

from frontdesk.config import Settings, data_dir
from frontdesk.contract.attempts import Failed, attempt
from frontdesk.contract.errors import PluginError
from frontdesk.contract.parts import Parts, Plugin, PluginPlace
from frontdesk.contract.tools import Tool
from frontdesk.tools.binding import examine
from frontdesk.tools.first import question_of

GROUP = "frontdesk"
NAME = re.compile(r"[a-z0-9_-]+")
START_S = 30.0
STOP_S = 10.0

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Source:
    """A plugin that is not imported yet, and where it comes from in words."""

    name: str
    origin: str
    found: EntryPoint | Path | Plugin

    def __str__(self) -> str:
        return f"{self.name} ({self.origin})"


@dataclass(frozen=True, slots=True)
class Loaded:
    """The parts of all running plugins together.

    `owners` says who brings each part: `tool clock` -> `clock (frontdesk 0.1.0)`; `problems` says
    of each refused plugin why.
    """

    parts: Parts
    owners: Mapping[str, str]
    problems: tuple[str, ...] = ()


@asynccontextmanager
async def load_plugins(
    settings: Settings, extra: Mapping[str, Plugin] = {}, *, start_s: float = START_S
) -> AsyncIterator[Loaded]:
    """Runs all plugins: the entry points of the group `frontdesk`, the files `*.py` of the plugins
    folder (not `_*.py`), then `extra` by name. One that cannot be imported or does not start within
    `start_s` seconds is refused, and the others run.

    Raises:
        PluginError: two plugins have one name or bring a part of one name, or there is no such
        folder.
    """
    problems: list[str] = []
    running: list[tuple[Source, Parts]] = []
    async with AsyncExitStack() as stack:
        for source in _distinct([*_installed(), *_files(settings), *_given(extra)]):
            try:
                parts = await attempt(_started(source, _place(settings, source), stack), start_s)
            except Failed as failed:
                problems.append(_refused(source, failed))
            else:
                running.append((source, parts))
        yield Loaded(_merged([parts for _, parts in running]), _owners(running), tuple(problems))


def _installed() -> Iterator[Source]:
    # One distribution can be seen twice (installed and on the path); the pair tells it is the same.
    found = {(entry.name, entry.value): entry for entry in entry_points(group=GROUP)}
    for _, entry in sorted(found.items()):
        yield Source(entry.name, _distribution(entry), entry)


def _distribution(entry: EntryPoint) -> str:
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist else entry.value


def _files(settings: Settings) -> Iterator[Source]:
    if settings.plugins_dir is None:
        return
    folder = settings.plugins_dir.expanduser()
    if not folder.is_dir():
        raise PluginError(
            f"FRONTDESK_PLUGINS_DIR: there is no folder {folder}. Make it or unset it."
        )
    for path in sorted(folder.glob("*.py")):
        if not path.name.startswith("_"):
            yield Source(path.stem, f"file {path.name}", path)


def _given(extra: Mapping[str, Plugin]) -> Iterator[Source]:
    for name, plugin in extra.items():
        yield Source(name, "given to the desk", plugin)


def _imported(source: Source, stack: AsyncExitStack) -> Plugin:
    match source.found:
        case EntryPoint() as entry:
            plugin: Plugin = entry.load()
            return plugin
        case Path() as path:
            return _file(path, stack)
        case given:
            return given


def _file(path: Path, stack: AsyncExitStack) -> Plugin:
    if path.resolve().parent != path.parent.resolve():
        raise PluginError("it is a link out of the plugins folder; put the file itself there")
    for each in (path, path.parent):
        if each.stat().st_mode & stat.S_IWOTH:
            raise PluginError(f"everybody may write to {each.name}; run chmod o-w on it")
    plugin: Plugin | None = getattr(stack.enter_context(_module(path)), "plugin", None)
    if plugin is None:
        raise PluginError("it defines no `plugin`, an async context manager that yields Parts")
    return plugin


@contextmanager
def _module(path: Path) -> Iterator[ModuleType]:
    """The file as a module of its own name, so that it can shadow no other."""
    name = f"frontdesk_plugin_{path.stem}_{uuid.uuid4().hex}"
    loader = _Uncached(name, str(path))
    module = module_from_spec(ModuleSpec(name, loader, origin=str(path)))
    module.__file__ = str(path)
    sys.modules[name] = module
    try:
        loader.exec_module(module)
        yield module
    finally:
        del sys.modules[name]


class _Uncached(SourceFileLoader):
    """Always compiles the source: no byte code in the folder that could be stale or planted."""

    def get_code(self, fullname: str) -> CodeType | None:
        path = self.get_filename(fullname)
        return self.source_to_code(self.get_data(path), path)


def _distinct(sources: Iterable[Source]) -> list[Source]:
    seen: dict[str, Source] = {}
    for source in sources:
        other = seen.setdefault(source.name, source)
        if other is not source:
            raise PluginError(f"Two plugins have one name: {other} and {source}. Rename one.")
    return list(seen.values())


def _place(settings: Settings, source: Source) -> PluginPlace:
    folder = settings.data_dir.expanduser().resolve() / "plugins" / source.name
    if NAME.fullmatch(source.name):
        with suppress(OSError):  # a read-only disk matters only to a plugin that writes
            data_dir(settings)
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return PluginPlace(source.name, folder)


async def _started(source: Source, place: PluginPlace, stack: AsyncExitStack) -> Parts:
    if not NAME.fullmatch(source.name):
        raise PluginError("its name may have the letters a-z, digits, _ and - only")
    async with AsyncExitStack() as own:  # closed at once if the plugin is refused half way
        plugin = _imported(source, own)(place)
        parts = await plugin.__aenter__()
        own.push_async_callback(_stopped, source, plugin)
        _examined(parts)
        stack.push_async_exit(own.pop_all())
    return parts


async def _stopped(source: Source, plugin: AbstractAsyncContextManager[Parts]) -> None:
    """Closes a plugin; what goes wrong there is its own and ends nobody else."""
    try:
        await attempt(plugin.__aexit__(None, None, None), STOP_S)
    except Failed as failed:
        log.error("plugin.not_closed", plugin=str(source), error=failed.error, at=failed.at)


def _refused(source: Source, failed: Failed) -> str:
    cause = str(failed.__cause__)
    problem = f"{source}: {failed.what}" + (f": {cause}" if cause else "")
    log.error("plugin.refused", plugin=str(source), cause=problem, at=failed.at)
    return problem


def _examined(parts: Any) -> None:
    """Looks through what a plugin yielded, so that what is wrong is its own refusal."""
    if not isinstance(parts, Parts):
        raise PluginError(f"it yielded {type(parts).__name__} instead of Parts")
    for tool in parts.tools:
        if not hasattr(tool, "name"):
            raise PluginError("one of its tools is none; write @tool above the function")
        if isinstance(tool, Tool):
            examine(tool)
            if tool.first:
                question_of(tool, tool.first)
    _labels(parts)


def _labels(parts: Parts) -> list[str]:
    agents = [*parts.specialists, *([parts.triage] if parts.triage else [])]
    return [
        *(f"tool {each.name}" for each in parts.tools),
        *(f"handler {each.name}" for each in parts.handlers),
        *(f"guardrail {each.name}" for each in parts.guardrails),
        *(f"specialist {each.name}" for each in agents),
        *(["triage"] if parts.triage else []),
    ]


def _owners(running: Iterable[tuple[Source, Parts]]) -> dict[str, str]:
    owners: dict[str, str] = {}
    for source, parts in running:
        for label in _labels(parts):
            if label in owners:
                raise PluginError(
                    f"The {label} is there twice: from {owners[label]} and from {source}. "
                    "Rename one or remove one of the plugins."
                )
            owners[label] = str(source)
    return owners


def _merged(every: list[Parts]) -> Parts:
    return Parts(
        tools=tuple(each for parts in every for each in parts.tools),
        handlers=tuple(each for parts in every for each in parts.handlers),
        guardrails=tuple(each for parts in every for each in parts.guardrails),
        specialists=tuple(each for parts in every for each in parts.specialists),
        triage=next((parts.triage for parts in every if parts.triage), None),
    )
