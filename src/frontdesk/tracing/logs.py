"""The log: structlog, the standard library and uvicorn through one pipe to stderr."""

import logging
import re
import sys
import traceback
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import PurePath
from typing import Any

import orjson
import structlog
from structlog.contextvars import merge_contextvars
from structlog.processors import TimeStamper
from structlog.stdlib import ProcessorFormatter
from structlog.typing import EventDict, Processor, WrappedLogger

from frontdesk.config import Settings

LIBRARIES = frozenset({"asyncio", "httpcore", "httpcore2", "httpx", "httpx2", "openai"})
"""Libraries that see messages (the Agents SDK logs as `openai.agents`), by root logger."""

CONTENT = re.compile(
    "answer|arguments|body|content|delta|history|input|instructions|items|messages?|output|prompt"
    "|question|result|text",
    re.IGNORECASE,
)
SECRETS = re.compile(
    r"secret|passw|authorization|api[_-]?key|cookie|credential|bearer|(^|[_-])token$", re.IGNORECASE
)
# Control characters, separators that end a line, marks that reorder a line, lone surrogates.
UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")

APART = ("exc_info", "_record", "_from_structlog")
"""What structlog itself still needs as it is."""


def set_up_logs(settings: Settings) -> None:
    """Makes this process log to stderr: JSON lines, or text on a terminal.

    A line has names, ids and numbers, never content: keys named like content or secrets are left
    out, an exception shows its type and where it rose but not its words, and libraries that see
    messages say only warnings, without what they would fill in. For the commands that own their
    process; start uvicorn with `log_config=None`.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(_wanted)
    handler.setFormatter(_formatter(settings))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings.log_level.upper())
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers = []
        logging.getLogger(name).propagate = True
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_marks(),
            ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )


def _marks() -> list[Processor]:
    return [
        merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        TimeStamper(fmt="iso", utc=True),
        _clean,
    ]


def _formatter(settings: Settings) -> ProcessorFormatter:
    terminal = sys.stderr.isatty()
    text = settings.log_format == "text" or (settings.log_format == "auto" and terminal)
    render = structlog.dev.ConsoleRenderer(colors=terminal) if text else _json
    return ProcessorFormatter(
        foreign_pre_chain=[_without_filling, *_marks()],
        processors=[ProcessorFormatter.remove_processors_meta, _exception, render],
    )


def _wanted(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.WARNING or not _of_library(record)


def _of_library(record: logging.LogRecord) -> bool:
    return record.name.partition(".")[0] in LIBRARIES


def _without_filling(logger: WrappedLogger, name: str, event: EventDict) -> EventDict:
    """What a library that sees messages says, with its place in the code instead of the values."""
    record: logging.LogRecord = event["_record"]
    if _of_library(record):
        said = str(event["event"] if record.msg == "%s" else record.msg)
        event["event"] = said.partition("\n")[0]
        event["at"] = f"{record.module}:{record.lineno}"
    return event


def _clean(logger: WrappedLogger, name: str, event: EventDict) -> EventDict:
    apart = {key: event.pop(key) for key in APART if key in event}
    return {**_mapping(event), **apart}


def _mapping(values: Mapping[Any, object]) -> dict[str, object]:
    named = {_escaped(str(key)): value for key, value in values.items()}
    return {key: _plain(value) for key, value in named.items() if not _private(key)}


def _private(key: str) -> bool:
    return bool(CONTENT.fullmatch(key) or SECRETS.search(key))


def _plain(value: object) -> object:
    match value:
        case None | bool() | float():
            return value
        case int():
            return value if value.bit_length() < 64 else str(value)
        case str() | Decimal() | PurePath():
            return _escaped(str(value))
        case Mapping():
            return _mapping(value)
        case list() | tuple() | set() | frozenset():
            return [_plain(one) for one in value]
        case _:
            return type(value).__qualname__


def _escaped(text: str) -> str:
    return UNSAFE.sub(lambda char: f"\\u{ord(char[0]):04x}", text)


def _exception(logger: WrappedLogger, name: str, event: EventDict) -> EventDict:
    """Where an exception rose, without its words: they may quote the user."""
    given = event.pop("exc_info", None)
    error = given[1] if isinstance(given, Sequence) else given
    error = sys.exc_info()[1] if error is True else error
    if isinstance(error, BaseException):
        event["exception"] = "".join(_told(error)).rstrip()
    return event


def _told(error: BaseException) -> Iterator[str]:
    shown: BaseException | None = error
    while shown is not None:
        yield f"{type(shown).__module__}.{type(shown).__qualname__}\n"
        yield from traceback.format_tb(shown.__traceback__)
        for member in shown.exceptions if isinstance(shown, BaseExceptionGroup) else ():
            yield from _told(member)
        shown = shown.__cause__ or (None if shown.__suppress_context__ else shown.__context__)


def _json(logger: WrappedLogger, name: str, event: EventDict) -> str:
    return orjson.dumps(event).decode()
