"""What is meant by a path or a name: a file, a package's folder, or an installed plugin."""

import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from frontdesk.contract.errors import PluginError
from frontdesk.plugins import GROUP, Source

PROJECT = "pyproject.toml"


@contextmanager
def sources_at(path: Path) -> Iterator[tuple[Source, ...]]:
    """The plugins of a file, of a package's folder (importable meanwhile), or installed under this
    name.

    Raises:
        PluginError: there is none.
    """
    if path.is_file():
        yield (Source(path.stem, f"file {path.name}", path),)
    elif path.is_dir():
        with _importable(path):
            yield tuple(_declared(path))
    else:
        yield tuple(_installed(str(path)))


def _declared(folder: Path) -> Iterator[Source]:
    project = _project(folder)
    found: Any = project.get("entry-points", {}).get(GROUP, {})
    if not found:
        raise PluginError(
            f"{folder / PROJECT} declares no plugin: add [project.entry-points.{GROUP}] with a "
            'line such as weather = "weather:plugin".'
        )
    origin = f"{project.get('name', folder.name)} {project.get('version', '')}".strip()
    for name, value in found.items():
        yield Source(name, origin, EntryPoint(name, value, GROUP))


def _project(folder: Path) -> dict[str, Any]:
    try:
        data = tomllib.loads((folder / PROJECT).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise PluginError(f"{folder / PROJECT}: {error}") from None
    project: dict[str, Any] = data.get("project", {})
    return project


def _installed(name: str) -> Iterator[Source]:
    found = sorted(entry_points(group=GROUP, name=name), key=lambda entry: entry.value)
    if not found:
        raise PluginError(
            f"There is no file or folder {name}, and no installed plugin of that name."
        )
    yield Source(name, found[0].dist.name if found[0].dist else found[0].value, found[0])


@contextmanager
def _importable(folder: Path) -> Iterator[None]:
    place = str((folder / "src" if (folder / "src").is_dir() else folder).resolve())
    sys.path.insert(0, place)
    try:
        yield
    finally:
        sys.path.remove(place)
