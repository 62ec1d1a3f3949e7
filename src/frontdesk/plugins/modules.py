"""Importing a plugin: from its package, or from a file that is no module of anybody else."""

import stat
import sys
import uuid
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.metadata import EntryPoint
from importlib.util import module_from_spec
from pathlib import Path
from types import CodeType, ModuleType

from frontdesk.contract.errors import PluginError
from frontdesk.contract.parts import Plugin
from frontdesk.plugins.sources import Source

PREFIX = "frontdesk_plugin_"


def imported(source: Source) -> tuple[Plugin, str]:
    """The plugin's function, and the name of the module that was made for it, or "". Runs what
    stands in the plugin's module, so it may do anything.

    Raises:
        PluginError: it is a file that must not be run, or that has no plugin in it.
    """
    plugin: Plugin | None
    module = ""
    match source.found:
        case EntryPoint() as entry:
            plugin = entry.load()
        case Path() as path:
            _check(path)
            made = _run(path)
            module, plugin = made.__name__, getattr(made, "plugin", None)
        case given:
            plugin = given
    if plugin is None:
        forget(module)
        raise PluginError("it defines no `plugin`, an async context manager that yields Parts")
    return plugin, module


def forget(module: str) -> None:
    """Takes the module of a plugin file out of the interpreter."""
    sys.modules.pop(module, None)


def _check(path: Path) -> None:
    if path.resolve().parent != path.parent.resolve():
        raise PluginError("it is a link out of the plugins folder; put the file itself there")
    for each in (path, path.parent):
        if each.stat().st_mode & stat.S_IWOTH:
            raise PluginError(f"everybody may write to {each.name}; run chmod o-w on it")


def _run(path: Path) -> ModuleType:
    """The file as a module of its own name, so that it can shadow no other."""
    name = f"{PREFIX}{path.stem}_{uuid.uuid4().hex}"
    loader = _Uncached(name, str(path))
    module = module_from_spec(ModuleSpec(name, loader, origin=str(path)))
    module.__file__ = str(path)
    sys.modules[name] = module
    try:
        loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


class _Uncached(SourceFileLoader):
    """Always compiles the source: no byte code in the folder that could be stale or planted."""

    def get_code(self, fullname: str) -> CodeType | None:
        path = self.get_filename(fullname)
        return self.source_to_code(self.get_data(path), path)
