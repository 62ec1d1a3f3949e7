"""A session as JSON Lines: its facts on the first line, then a line for each turn."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeVar

from pydantic import ValidationError

from frontdesk.contract.errors import InvalidRequest
from frontdesk.contract.feedback import Feedback
from frontdesk.contract.turns import Item, SessionInfo, TurnRecord
from frontdesk.sessions.codec import dump, load
from frontdesk.sessions.summaries import Summary
from frontdesk.sessions.window import estimate_tokens

VERSION = 1
MOST_BYTES = 8 * 1024 * 1024
MOST_TURNS = 10_000
MOST_TITLE = 200
MOST_PAIRS, MOST_KEY, MOST_VALUE = 16, 64, 512
ENDED = frozenset({"completed", "failed", "cancelled", "blocked"})
MESSAGE = {"role": str, "content": str}
CALL = {"type": str, "call_id": str, "name": str, "arguments": str}
OUTPUT = {"type": str, "call_id": str, "output": str}

Line = TypeVar("Line")


@dataclass(frozen=True, slots=True)
class Transferred:
    """A session on its way in: checked for its shape, not for what is said in it."""

    title: str
    metadata: Mapping[str, str]
    records: tuple[TurnRecord, ...]


@dataclass(frozen=True, slots=True)
class _Head:
    type: str
    version: int
    title: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)


def head_line(info: SessionInfo, summary: Summary | None) -> bytes:
    """The first line. Who takes a session in makes a summary of his own."""
    return _line({"type": "session", "version": VERSION, "summary": summary}, info)


def turn_line(record: TurnRecord, feedback: Feedback | None = None) -> bytes:
    """The line of a turn, with what its user thought of it. Who takes it in leaves that out."""
    return _line({"type": "turn"} | ({"feedback": feedback} if feedback else {}), record)


def read_transfer(data: bytes) -> Transferred:
    """The session that was exported.

    Raises:
        InvalidRequest: naming the line that is not as an export writes it, never its text.
    """
    lines = [(n, line) for n, line in enumerate(data.splitlines(), 1) if line.strip()]
    if not lines:
        raise InvalidRequest("There is nothing to import: the first line is the session's.")
    if len(lines) - 1 > MOST_TURNS:
        raise InvalidRequest(f"A session may have at most {MOST_TURNS} turns.")
    head = _read(_Head, *lines[0])
    if head.type != "session" or head.version != VERSION:
        raise InvalidRequest(f"Line 1 must be that of a session, of version {VERSION}.")
    if not fits(head.title, head.metadata):
        raise InvalidRequest("Line 1: the title or the metadata are too long.")
    taken: set[str] = set()
    return Transferred(
        head.title, dict(head.metadata), tuple(_record(*line, taken) for line in lines[1:])
    )


def fits(title: str, metadata: Mapping[str, str]) -> bool:
    """Whether a title and metadata are as short as they must be."""
    return (
        len(title) <= MOST_TITLE
        and len(metadata) <= MOST_PAIRS
        and all(0 < len(key) <= MOST_KEY for key in metadata)
        and all(len(value) <= MOST_VALUE for value in metadata.values())
    )


def _line(kind: Mapping[str, object], value: object) -> bytes:
    return dump(kind)[:-1] + b"," + dump(value)[1:] + b"\n"


def _read(kind: type[Line], number: int, line: bytes) -> Line:
    try:
        return load(kind, line)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in found["loc"][:1]) or "JSON"
        raise InvalidRequest(f"Line {number} is not a line of an export: {where}.") from None


def _record(number: int, line: bytes, taken: set[str]) -> TurnRecord:
    record = _read(TurnRecord, number, line)
    if record.status not in ENDED or not _is_time(record.at):
        raise InvalidRequest(f"Line {number}: `status` or `at` is not that of a turn that ended.")
    if not _valid(record, taken):
        raise InvalidRequest(
            f"Line {number}: `items` must be a user's message, calls each with their output, and "
            "an assistant's message; `calls` are calls without."
        )
    return replace(record, tokens=estimate_tokens((*record.items, *record.calls)))


def _is_time(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def _valid(record: TurnRecord, taken: set[str]) -> bool:
    """Whether models take the items as they are, and the calls that the turn ended with; `taken`
    are the ids of the calls so far.
    """
    waiting, asked = set[str](), 0
    for item in record.items:
        call_id = item.get("call_id")
        if _is_call(item) and call_id not in taken:
            taken.add(item["call_id"])
            waiting.add(item["call_id"])
        elif _has(item, OUTPUT) and item["type"] == "function_call_output" and call_id in waiting:
            waiting.remove(item["call_id"])
        elif _says(item, "user"):
            asked += 1
        elif not _says(item, "assistant"):
            return False
    return not waiting and asked <= 1 and _ends(record) and all(map(_is_call, record.calls))


def _ends(record: TurnRecord) -> bool:
    """Whether it begins with the user's message, or with outputs that came in its place or before
    it, and ends with a reply, or calls in its place.
    """
    if not record.items:
        return not record.calls
    first, last = record.items[0], record.items[-1]
    begins = _says(first, "user") or _is_call(first)
    return begins and (_says(last, "assistant") or bool(record.calls))


def _is_call(item: Item) -> bool:
    return _has(item, CALL) and item["type"] == "function_call"


def _says(item: Item, role: str) -> bool:
    return _has(item, MESSAGE) and item["role"] == role


def _has(item: Item, shape: Mapping[str, type[Any]]) -> bool:
    return item.keys() == shape.keys() and all(isinstance(item[k], t) for k, t in shape.items())
