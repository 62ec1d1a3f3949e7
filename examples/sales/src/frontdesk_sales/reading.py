"""Reading a SQLite database for somebody who is not trusted: the SQL comes from a model.

Five bounds, each of which holds by itself: the file is opened read-only; SQLite asks before a
statement touches anything (the authorizer); one statement, a short one; a deadline; few rows.
"""

import sqlite3
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

STEPS = 1_000
"""Steps of SQLite's machine between two looks at the clock."""
LIMITS = {
    sqlite3.SQLITE_LIMIT_LENGTH: 1_000_000,
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 4_000,
    sqlite3.SQLITE_LIMIT_COLUMN: 100,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 50,
    sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 10,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
}
FUNCTIONS = frozenset(
    """abs avg coalesce count date datetime ifnull instr julianday length like lower max min nullif
    round strftime substr sum time total trim upper""".split()  # noqa: SIM905  # shorter so
)
"""What a query may call; none of these makes a long value out of a short one."""

Judge = Callable[[int, str | None, str | None, str | None, str | None], int]


class Refused(Exception):
    """The query may not run, or not that long; the words are for the model that wrote it."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much one query may return, in rows and in bytes of text, and how long it may take."""

    rows: int
    bytes: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Rows:
    """What a query returned; `cut` says that there would be more."""

    columns: list[str]
    rows: list[list[Any]]
    cut: bool


@dataclass(frozen=True, slots=True)
class Reader:
    """Runs queries on these tables of a file."""

    path: Path
    tables: Collection[str]
    bounds: Bounds

    def rows(self, sql: str) -> Rows:
        """The rows of one SELECT.

        Raises:
            Refused: it is none, touches what it may not, or takes too long.
        """
        with self._opened() as database:
            try:
                cursor = database.execute(sql)
                columns = [name for name, *_ in cursor.description or ()]
                if not columns:
                    raise Refused("it is no SELECT")
                return self._cut(columns, cursor)
            except (sqlite3.Error, sqlite3.Warning, ValueError) as error:
                raise Refused(str(error)) from None

    def schema(self) -> str:
        """The tables and their columns, as they were created."""
        with closing(self._connect()) as database:
            found = database.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'")
            return "\n".join(sql for name, sql in found if name in self.tables)

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(f"{self.path.resolve().as_uri()}?mode=ro", uri=True)

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        with closing(self._connect()) as database:
            for name, most in LIMITS.items():
                database.setlimit(name, most)
            end = time.monotonic() + self.bounds.seconds
            database.set_progress_handler(lambda: time.monotonic() > end, STEPS)
            database.set_authorizer(self._judge(database))
            yield database

    def _judge(self, database: sqlite3.Connection) -> Judge:
        """SQLite asks for each thing that a statement would do."""
        names = [name for (name,) in database.execute("SELECT name FROM sqlite_master")]
        hidden = {name.casefold() for name in names if name not in self.tables}

        def allows(action: int, one: str | None, two: str | None) -> bool:
            match action:
                case sqlite3.SQLITE_SELECT:
                    return True
                case sqlite3.SQLITE_READ:  # a query in FROM has a name too, and then no column
                    name = str(one).casefold()
                    made = not two and name not in hidden and not name.startswith("sqlite_")
                    return one in self.tables or made
                case sqlite3.SQLITE_FUNCTION:
                    return two in FUNCTIONS
            return False

        return lambda *asked: sqlite3.SQLITE_OK if allows(*asked[:3]) else sqlite3.SQLITE_DENY

    def _cut(self, columns: list[str], cursor: sqlite3.Cursor) -> Rows:
        rows: list[list[Any]] = []
        size = 0
        for row in cursor:
            values = [_shown(value) for value in row]
            size += sum(len(str(value).encode(errors="replace")) for value in values)
            if len(rows) == self.bounds.rows or size > self.bounds.bytes:
                return Rows(columns, rows, cut=True)
            rows.append(values)
        return Rows(columns, rows, cut=False)


def _shown(value: Any) -> Any:
    return f"{len(value)} bytes" if isinstance(value, bytes) else value
