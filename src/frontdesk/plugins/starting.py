"""Starting and stopping one plugin, and looking through what it brings."""

from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import structlog
from agents import FunctionTool

from frontdesk.config import Settings, data_dir, load_plugin_settings
from frontdesk.contract.attempts import Failed, attempt
from frontdesk.contract.errors import PluginError
from frontdesk.contract.guardrails import Guardrail
from frontdesk.contract.handlers import Handler
from frontdesk.contract.parts import M, Parts, PluginPlace, Specialist
from frontdesk.contract.tools import Tool
from frontdesk.plugins.modules import forget, imported
from frontdesk.plugins.sources import NAME, Source
from frontdesk.plugins.specialists import Refuse, with_specialists
from frontdesk.preprocess.faq import curated
from frontdesk.tools.binding import examine
from frontdesk.tools.first import question_of
from frontdesk.tools.limits import limited, limited_handler, limited_native
from frontdesk.tools.tasks import in_thread

if TYPE_CHECKING:
    from agents.tool import Tool as SdkTool

STOP_S = 10.0

T = TypeVar("T")

log = structlog.get_logger()


async def started(
    settings: Settings, source: Source, stack: AsyncExitStack, refuse: Refuse
) -> Parts:
    """The parts of the plugin, which runs until `stack` closes; it is imported in a thread, so that
    a module that hangs is left alone.

    Raises:
        PluginError: it is no plugin. Whatever else the plugin raises.
    """
    if not NAME.fullmatch(source.name):
        raise PluginError("its name may have the letters a-z, digits, _ and - only")
    async with AsyncExitStack() as own:  # closed at once if the plugin is refused half way
        made, module = await in_thread(partial(imported, source))
        own.callback(forget, module)
        place = _place(settings, source)
        plugin = made(place)
        parts = await plugin.__aenter__()
        own.push_async_callback(_stopped, source, plugin)
        parts = await _usable(source, parts, place, own, refuse)
        parts = with_specialists(made, parts, refuse)
        stack.push_async_exit(own.pop_all())
    return parts


def _place(settings: Settings, source: Source) -> PluginPlace:
    folder = settings.data_dir.expanduser().resolve() / "plugins" / source.name
    with suppress(OSError):  # a read-only disk matters only to a plugin that writes
        data_dir(settings)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def read(model: type[M], /) -> M:
        return load_plugin_settings(source.name, model)

    return PluginPlace(source.name, folder, read)


async def _stopped(source: Source, plugin: AbstractAsyncContextManager[Parts]) -> None:
    """Closes a plugin; what goes wrong there is its own and ends nobody else."""
    try:
        await attempt(plugin.__aexit__(None, None, None), STOP_S)
    except Failed as failed:
        log.error("plugin.not_closed", plugin=str(source), error=failed.error, at=failed.at)


async def _usable(
    source: Source, parts: Any, place: PluginPlace, own: AsyncExitStack, refuse: Refuse
) -> Parts:
    """The parts without the tools that no model could call, with limits on their code."""
    if not isinstance(parts, Parts):
        raise PluginError(f"it yielded {type(parts).__name__} instead of Parts")
    _check_kinds(parts)
    handlers = [*parts.handlers, *[await _faq(path, place, own) for path in parts.faq]]
    return replace(
        parts,
        tools=tuple(_tools(source, parts.tools, refuse)),
        handlers=tuple(replace(limited_handler(each), plugin=str(source)) for each in handlers),
    )


def _check_kinds(parts: Parts) -> None:
    """Raises PluginError when something stands among parts of another kind."""
    agents = (*parts.specialists, *((parts.triage,) if parts.triage else ()))
    kinds: tuple[tuple[type, tuple[object, ...]], ...] = (
        (Handler, parts.handlers),
        (Guardrail, parts.guardrails),
        (Specialist, agents),
    )
    for kind, found in kinds:
        for each in found:
            if not isinstance(each, kind):
                raise PluginError(f"{each!r:.60} is no {kind.__name__}; Parts says what goes where")


async def _faq(path: Path, place: PluginPlace, own: AsyncExitStack) -> Handler:
    faq = await own.enter_async_context(curated(path)(place))
    return replace(faq.handlers[0], name=f"faq:{place.name}:{path.stem}")


def _tools(
    source: Source, tools: "Iterable[Tool | SdkTool]", refuse: Refuse
) -> "Iterable[Tool | SdkTool]":
    for tool in tools:
        try:
            _examine(tool)
        except PluginError as error:
            refuse(error.detail)
        else:
            yield _limited(source, tool)


def _examine(tool: Any) -> None:
    """Raises PluginError when it is no tool, or none that a model could call."""
    if not isinstance(getattr(tool, "name", None), str):
        raise PluginError("One of its tools is none; write @tool above the function.")
    if isinstance(tool, Tool):
        examine(tool)
        if tool.first:
            question_of(tool, tool.first)


def _limited(source: Source, tool: "Tool | SdkTool") -> "Tool | SdkTool":
    if isinstance(tool, Tool):
        return replace(limited(tool), plugin=str(source))
    return limited_native(tool, str(source)) if isinstance(tool, FunctionTool) else tool
