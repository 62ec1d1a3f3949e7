"""The files of the knowledge folders, and what stands in them."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog

from frontdesk.tools.knowledge.pages import page
from frontdesk.tools.knowledge.passages import Heading, Passage, markdown, passages

LARGEST = 2_000_000
"""A larger file, in bytes, is left out."""

_READERS: Mapping[str, Callable[[str], Iterable[Heading | str]]] = {
    ".md": markdown,
    ".html": page,
    ".htm": page,
    ".txt": str.splitlines,
}

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class File:
    """A file as it was found: its real path, the name by which it is quoted, and a stamp that
    changes when the file does.
    """

    path: Path
    name: str
    stamp: str
    size: int


def files_in(folders: Sequence[Path]) -> dict[str, File]:
    """The readable kinds of files in these folders, by name; hidden ones are left out, and links
    that lead out of their folder.

    Raises:
        OSError: a folder is not there.
    """
    several = len(folders) > 1
    return {
        file.name: file
        for folder in folders
        for file in _files(folder.resolve(strict=True), f"{folder.name}/" if several else "")
    }


def read(file: File) -> tuple[Passage, ...]:
    """The passages of a file; none, and a line in the log, if it cannot be read."""
    if file.size > LARGEST:
        log.warning("knowledge.file_too_large", file=file.name, size=file.size, largest=LARGEST)
        return ()
    try:
        text = file.path.read_bytes()[: LARGEST + 1].decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        log.warning("knowledge.file_not_read", file=file.name, error=type(error).__name__)
        return ()
    return tuple(passages(_READERS[file.path.suffix.lower()](text)))


def _files(root: Path, prefix: str) -> Iterator[File]:
    for folder, below, names in os.walk(root):
        below[:] = sorted(name for name in below if not name.startswith("."))
        for name in sorted(names):
            found = Path(folder, name)
            if found.suffix.lower() in _READERS and not name.startswith("."):
                yield from _file(found, root, prefix)


def _file(found: Path, root: Path, prefix: str) -> Iterator[File]:
    try:
        path = found.resolve(strict=True)
        state = path.stat()
    except (OSError, RuntimeError):  # gone since, a dead link, or links in a ring
        return
    if path.is_relative_to(root) and path.is_file():
        # A name that is no UTF-8 could not be stored.
        name = os.fsencode(found.relative_to(root).as_posix()).decode(errors="backslashreplace")
        yield File(path, prefix + name, f"{state.st_mtime_ns} {state.st_size}", state.st_size)
