"""What reaches the log, and what never does."""

import asyncio
import json
import logging
import re
import sys
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
import structlog
from structlog.contextvars import bound_contextvars

from frontdesk.config import load_settings
from frontdesk.tracing.logs import set_up_logs

MARKER = "marzipan-4711"
Lines = Callable[[], list[dict[str, Any]]]


class Screen(StringIO):
    """Stands for stderr; may be a terminal."""

    terminal = False

    def isatty(self) -> bool:
        return self.terminal


Opened = Callable[..., Screen]


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Opened:
    """Sets the log up on a screen of its own."""

    def opened(log_format: str, log_level: str = "info", *, terminal: bool = False) -> Screen:
        screen = Screen()
        screen.terminal = terminal
        monkeypatch.setattr(sys, "stderr", screen)
        set_up_logs(load_settings(log_format=log_format, log_level=log_level))
        return screen

    return opened


@pytest.fixture
def lines(opened: Opened) -> Lines:
    """The log as JSON lines; gives what was written so far."""
    screen = opened("json")
    return lambda: [json.loads(line) for line in screen.getvalue().splitlines()]


def test_a_line_carries_its_level_time_logger_and_the_ids_that_are_bound(lines: Lines) -> None:
    with bound_contextvars(turn_id="turn_1"):
        structlog.get_logger("desk").info("turn", status="completed", ms=1.5)
    [line] = lines()
    assert (line["event"], line["status"], line["ms"]) == ("turn", "completed", 1.5)
    assert (line["level"], line["turn_id"]) == ("info", "turn_1")
    assert line["timestamp"].endswith("Z")


@pytest.mark.parametrize("name", ["uvicorn.error", "uvicorn.access", "some.library"])
def test_the_standard_library_speaks_through_the_same_pipe(lines: Lines, name: str) -> None:
    with bound_contextvars(request_id="req_1"):
        logging.getLogger(name).info("Listening on %s", "127.0.0.1:8080")
    [line] = lines()
    assert (line["event"], line["logger"]) == ("Listening on 127.0.0.1:8080", name)
    assert line["request_id"] == "req_1"


def test_the_level_is_kept(lines: Lines) -> None:
    structlog.get_logger().debug("quiet")
    logging.getLogger("some.library").debug("quiet")
    assert lines() == []


def test_keys_named_like_content_or_secrets_are_left_out(lines: Lines) -> None:
    structlog.get_logger().info(
        "turn", text=MARKER, openai_api_key=MARKER, headers={"Authorization": MARKER, "age": 3}
    )
    [line] = lines()
    assert MARKER not in str(line)
    assert line["headers"] == {"age": 3}


def test_token_counts_are_no_secrets(lines: Lines) -> None:
    structlog.get_logger().info("turn", input_tokens=3, access_token=MARKER)
    [line] = lines()
    assert line["input_tokens"] == 3
    assert "access_token" not in line


@pytest.mark.parametrize("log_format", ["json", "text"])
def test_t36_control_characters_are_escaped(opened: Opened, log_format: str) -> None:
    screen = opened(log_format)
    bad = "\x1b[2J\x9b\r\n\u2028\u202e\ud800"
    structlog.get_logger().info(f"one{bad}", **{"name": bad, f"key{bad}": [bad]})
    logging.getLogger("some.library").info("two %s", bad)
    written = screen.getvalue()
    assert not (set(bad) - set("[2J\n")) & set(written)
    assert len(written.splitlines()) == 2


def test_an_exception_shows_its_type_and_place_and_not_its_words(lines: Lines) -> None:
    try:
        try:
            int(MARKER)
        except ValueError as error:
            raise ExceptionGroup(MARKER, [KeyError(MARKER)]) from error
    except ExceptionGroup as group:
        structlog.get_logger().error("turn.crashed", error=group, exc_info=group)
        logging.getLogger("uvicorn.error").exception("Exception in ASGI application\n")
    told = lines()
    for line in told:
        types = set(re.findall(r"^builtins\.(\w+)$", line["exception"], re.MULTILINE))
        assert types == {"ValueError", "KeyError", "ExceptionGroup"}
    assert MARKER not in str(told).replace(f"int({MARKER})", "")


def test_libraries_that_see_messages_say_warnings_without_values(lines: Lines) -> None:
    sdk = logging.getLogger("openai.agents")
    sdk.info("Calling with %s", MARKER)
    sdk.error("%s failed: %s", "look", ValueError(MARKER), exc_info=ValueError(MARKER))
    sdk.error("%s", "Error getting response")
    told = lines()
    assert [line["event"] for line in told] == ["%s failed: %s", "Error getting response"]
    assert told[0]["at"].startswith("test_logs:")
    assert MARKER not in str(told)


def test_debug_does_not_open_the_libraries(opened: Opened) -> None:
    screen = opened("json", "debug")
    structlog.get_logger().debug("seen")
    for name in ("openai", "openai.agents", "httpx2", "httpcore"):
        logging.getLogger(name).debug("Request: %s", MARKER)
    assert [json.loads(line)["event"] for line in screen.getvalue().splitlines()] == ["seen"]


def test_a_task_that_failed_unseen_is_told_without_its_words(lines: Lines) -> None:
    loop = asyncio.new_event_loop()
    failure = ValueError(MARKER)
    loop.call_exception_handler({"message": "Task failed", "exception": failure, "task": failure})
    loop.close()
    [line] = lines()
    assert (line["event"], line["exception"]) == ("Task failed", "builtins.ValueError")
    assert MARKER not in str(line)


@pytest.mark.parametrize(("terminal", "is_json"), [(True, False), (False, True)])
def test_auto_is_text_on_a_terminal_and_json_elsewhere(
    opened: Opened,
    terminal: bool,
    is_json: bool,
) -> None:
    screen = opened("auto", terminal=terminal)
    structlog.get_logger().info("hello")
    assert screen.getvalue().startswith("{") is is_json
