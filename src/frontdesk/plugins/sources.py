"""Where plugins are found, and which of those that are found may run."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from frontdesk.config import Settings
from frontdesk.contract.errors import PluginError
from frontdesk.contract.parts import Plugin
from frontdesk.plugins.mcp import declared, mcp_plugin

GROUP = "frontdesk"
NAME = re.compile(r"[a-z0-9_-]+")
"""What a plugin may be called."""
OURS = "frontdesk"
"""The distribution that brings the built-in plugins."""


@dataclass(frozen=True, slots=True)
class Source:
    """A plugin that is not imported yet, and where it comes from in words."""

    name: str
    origin: str
    found: EntryPoint | Path | Plugin

    def __str__(self) -> str:
        return f"{self.name} ({self.origin})"


def find(settings: Settings, given: Mapping[str, Plugin]) -> list[Source]:
    """All plugins that the settings allow. Of two that clash the later one is refused, so what is
    built in comes first, then what the caller gives, packages, files, MCP servers.

    Raises:
        PluginError: there is no such folder of files, or file of MCP servers.
    """
    installed = list(_installed())
    return [
        *(each for each in installed if _is_ours(each)),
        *(Source(name, "given to the desk", plugin) for name, plugin in given.items()),
        *(
            source
            for source in (
                *(each for each in installed if not _is_ours(each)),
                *files(settings),
                *mcp_servers(settings),
            )
            if allowed(settings, source.name)
        ),
    ]


def allowed(settings: Settings, name: str) -> bool:
    """Whether the settings let a plugin of this name be imported."""
    return _fits(name, settings.plugins_allow) and not _fits(name, settings.plugins_deny)


def _fits(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _installed() -> Iterator[Source]:
    # One distribution can be seen twice (installed and on the path); the pair tells it is the same.
    found = {(entry.name, entry.value): entry for entry in entry_points(group=GROUP)}
    for _, entry in sorted(found.items()):
        yield Source(entry.name, _distribution(entry), entry)


def _is_ours(source: Source) -> bool:
    entry = source.found
    return isinstance(entry, EntryPoint) and entry.dist is not None and entry.dist.name == OURS


def _distribution(entry: EntryPoint) -> str:
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist else entry.value


def files(settings: Settings) -> Iterator[Source]:
    """The files `*.py` of the plugins folder, not `_*.py`.

    Raises:
        PluginError: there is no such folder.
    """
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


def mcp_servers(settings: Settings) -> Iterator[Source]:
    """The MCP servers that the settings' file names and does not disable.

    Raises:
        PluginError: there is no such file, or it cannot be read.
    """
    if settings.mcp_servers is None:
        return
    path = settings.mcp_servers.expanduser().resolve()
    for name, entry in declared(path).items():
        if not (isinstance(entry, dict) and entry.get("disabled") is True):
            yield Source(name, "MCP server", mcp_plugin(entry, path.parent))
