"""The index of the knowledge folders: a SQLite file with full-text search, kept as the files are.

Several processes share it. The write-ahead log lets all read while one writes; writing goes in
short transactions, and each looks first whether another process has done its work.
"""

import hashlib
import os
import secrets
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import structlog
from rich.console import Console

from frontdesk.contract.errors import SettingsError
from frontdesk.tools.knowledge.folders import File, files_in, read
from frontdesk.tools.knowledge.passages import Passage
from frontdesk.tools.knowledge.progress import progress
from frontdesk.tools.knowledge.words import match, terms

VERSION = 1
"""Of what stands in the index; another version is another file."""
BUSY_S = 5.0
BATCH = 32
"""How many files one transaction takes."""
WEAKEST = 0.4
"""A passage with a smaller share of the best one's score is left out. Scores are negative."""

_SCHEMA = """
PRAGMA journal_mode = WAL;
CREATE TABLE files (name TEXT PRIMARY KEY, stamp TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE passages (
    id INTEGER PRIMARY KEY, file TEXT NOT NULL, anchor TEXT NOT NULL, text TEXT NOT NULL
);
CREATE INDEX passages_by_file ON passages (file);
CREATE VIRTUAL TABLE words USING fts5 (
    above, heading, body, tokenize = 'porter unicode61 remove_diacritics 2'
);
"""

# A passage's own heading counts twice; the columns are above, heading, body.
_FIND = """
SELECT file || anchor, text, bm25(words, 1.0, 2.0, 1.0) AS score
FROM words JOIN passages ON passages.id = words.rowid
WHERE words MATCH ? ORDER BY score, words.rowid LIMIT ?
"""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that was found; `source` is its `file#heading`."""

    source: str
    text: str


class Index:
    """The index of these folders, in a file in `place`. Its methods block: use a thread."""

    def __init__(self, place: Path, folders: Sequence[Path]) -> None:
        self.folders = tuple(folder.expanduser() for folder in folders)
        key = "\n".join([str(VERSION), *(str(folder.resolve()) for folder in self.folders)])
        name = hashlib.sha256(os.fsencode(key)).hexdigest()[:12]
        self.path = place.resolve() / f"knowledge-{name}.sqlite"

    def prepare(self) -> None:
        """Makes the index if there is none yet.

        Raises:
            SettingsError: there is no such folder, or the index cannot be made or read.
        """
        for folder in self.folders:
            if not folder.is_dir():
                raise SettingsError(
                    f"There is no knowledge folder {folder}. Make it, or name another."
                )
        try:
            self._make()
            with self._open() as database:
                database.execute("SELECT count(*) FROM words WHERE words MATCH 'a'").fetchone()
        except (OSError, sqlite3.Error) as error:
            raise SettingsError(
                f"The knowledge index {self.path} cannot be used: {error}. Its folder must be "
                "writable, and Python's SQLite must have FTS5. If the file is damaged, remove it: "
                "it is made anew from the knowledge folders."
            ) from error

    def refresh(self, stop: threading.Event) -> None:
        """Reads the files that changed and drops those that are gone; what cannot be done now is
        logged, and left to the next time.
        """
        try:
            found = files_in(self.folders)
            self._make()
            known = self._known()
            stale = [name for name in {**known, **found} if _changed(name, known, found)]
            if stale:
                self._take(stale, found, stop, quiet=bool(known))
        except (OSError, sqlite3.Error) as error:
            log.warning("knowledge.not_refreshed", error=type(error).__name__, cause=str(error))

    def find(self, question: str, most: int) -> tuple[Hit, ...]:
        """The passages that answer best, the best first."""
        expression = match(question)
        if expression is None:
            return ()
        with self._open() as database:
            rows = database.execute(_FIND, (expression, most)).fetchall()
        return tuple(
            Hit(source, text) for source, text, score in rows if score <= WEAKEST * rows[0][2]
        )

    def _make(self) -> None:
        """Puts an empty index in its place whole, so that no process sees a half of it."""
        if self.path.exists():
            return
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = self.path.with_name(f"draft-{secrets.token_hex(4)}")
        try:
            with closing(sqlite3.connect(draft)) as database:
                database.executescript(_SCHEMA)
            draft.chmod(0o600)
            with suppress(FileExistsError):  # another process was faster
                os.link(draft, self.path)
        finally:
            draft.unlink(missing_ok=True)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        address = f"{self.path.as_uri()}?mode=rw"
        with closing(
            sqlite3.connect(address, uri=True, timeout=BUSY_S, isolation_level=None)
        ) as database:
            database.execute("PRAGMA synchronous = NORMAL")
            yield database

    def _known(self) -> dict[str, str]:
        with self._open() as database:
            return dict(database.execute("SELECT name, stamp FROM files"))

    def _take(
        self, stale: list[str], found: Mapping[str, File], stop: threading.Event, *, quiet: bool
    ) -> None:
        console = Console(stderr=True, quiet=quiet)
        with self._open() as database, progress(len(stale), console) as done:
            for start in range(0, len(stale), BATCH):
                if stop.is_set():
                    return
                _store(database, stale[start : start + BATCH], found)
                done(start + BATCH)
        log.info("knowledge.refreshed", files=len(stale))


def _changed(name: str, known: Mapping[str, str], found: Mapping[str, File]) -> bool:
    file = found.get(name)
    return known.get(name) != (file.stamp if file else None)


def _store(database: sqlite3.Connection, names: Sequence[str], found: Mapping[str, File]) -> None:
    with database:
        database.execute("BEGIN IMMEDIATE")
        for name in names:
            stored = database.execute("SELECT name, stamp FROM files WHERE name = ?", (name,))
            if _changed(name, dict(stored), found):
                _drop(database, name)
                if file := found.get(name):
                    _add(database, file)


def _drop(database: sqlite3.Connection, name: str) -> None:
    database.execute(
        "DELETE FROM words WHERE rowid IN (SELECT id FROM passages WHERE file = ?)", (name,)
    )
    database.execute("DELETE FROM passages WHERE file = ?", (name,))
    database.execute("DELETE FROM files WHERE name = ?", (name,))


def _add(database: sqlite3.Connection, file: File) -> None:
    database.execute("INSERT INTO files VALUES (?, ?)", (file.name, file.stamp))
    for passage in read(file):
        row = database.execute(
            "INSERT INTO passages (file, anchor, text) VALUES (?, ?, ?)",
            (file.name, passage.anchor, passage.text),
        )
        database.execute(
            "INSERT INTO words (rowid, above, heading, body) VALUES (?, ?, ?, ?)",
            (row.lastrowid, *_columns(file, passage)),
        )


def _columns(file: File, passage: Passage) -> tuple[str, str, str]:
    trail = passage.trail or (file.path.stem,)
    return terms(" ".join(trail[:-1])), terms(trail[-1]), terms(passage.text)
