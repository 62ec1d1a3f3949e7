"""The book of tickets: one SQLite file, shared by all processes of a data folder."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

WAIT_S = 5.0
MOST = 20

SCHEMA = """
PRAGMA journal_mode = WAL;
CREATE TABLE IF NOT EXISTS tickets (
  id INTEGER PRIMARY KEY,
  tenant TEXT NOT NULL,
  user TEXT NOT NULL,
  turn TEXT NOT NULL,
  subject TEXT NOT NULL,
  state TEXT NOT NULL DEFAULT 'open',
  refund_krw INTEGER,
  UNIQUE (tenant, user, turn, subject)
);
"""


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket of a user; `refund_krw` is what was paid back, None for nothing."""

    number: str
    subject: str
    state: str
    refund_krw: int | None

    def __str__(self) -> str:
        paid = f", {self.refund_krw:,} KRW refunded" if self.refund_krw else ""
        return f"Ticket {self.number} ({self.subject}): {self.state}{paid}."


@dataclass(frozen=True, slots=True)
class Book:
    """Reads and writes tickets. Each is its user's: no query goes without tenant and user."""

    path: Path

    @classmethod
    def opened(cls, path: Path) -> "Book":
        """The book in this file, which is made if it is missing."""
        book = cls(path)
        with book._connected() as database:
            database.executescript(SCHEMA)
        return book

    def open(self, tenant: str, user: str, turn: str, subject: str) -> str:
        """The number of a new ticket; asked again in the same turn, that of the first time."""
        values = (tenant, user, turn, subject)
        with self._connected() as database:
            database.execute(
                "INSERT INTO tickets (tenant, user, turn, subject) VALUES (?, ?, ?, ?) "
                "ON CONFLICT DO NOTHING",
                values,
            )
            [number] = database.execute(
                "SELECT id FROM tickets WHERE tenant = ? AND user = ? AND turn = ? AND subject = ?",
                values,
            ).fetchone()
        return f"T-{number}"

    def find(self, tenant: str, user: str, number: str) -> Ticket | None:
        """The user's ticket of this number."""
        return next(self._tickets(tenant, user, "AND id = ?", _id(number)), None)

    def newest(self, tenant: str, user: str) -> list[Ticket]:
        """The user's tickets, the newest first."""
        return list(self._tickets(tenant, user, "ORDER BY id DESC LIMIT ?", MOST))

    def refund(self, tenant: str, user: str, number: str, amount_krw: int) -> bool:
        """Whether the amount is refunded now: once for each ticket."""
        with self._connected() as database:
            done = database.execute(
                "UPDATE tickets SET refund_krw = ?, state = 'refunded' "
                "WHERE tenant = ? AND user = ? AND id = ? AND refund_krw IS NULL",
                (amount_krw, tenant, user, _id(number)),
            )
        return done.rowcount == 1

    def _tickets(self, tenant: str, user: str, more: str, value: int) -> Iterator[Ticket]:
        query = "SELECT id, subject, state, refund_krw FROM tickets WHERE tenant = ? AND user = ? "
        with self._connected() as database:
            rows = database.execute(query + more, (tenant, user, value)).fetchall()
        return (Ticket(f"T-{number}", *rest) for number, *rest in rows)

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        database = sqlite3.connect(self.path, timeout=WAIT_S)
        try:
            with database:  # commits, or rolls back
                yield database
        finally:
            database.close()


def _id(number: str) -> int:
    return int(number.removeprefix("T-"))
