"""Whose calendars are told, and what of them."""

from datetime import date, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from frontdesk.testing import ToolFailed, a_turn, parts_of, run_tool, scripted_desk, text, tool_call
from frontdesk_calendar import plugin
from frontdesk_calendar.agenda import MOST, events

SEOUL = ZoneInfo("Asia/Seoul")
SHOP = Path(str(files("frontdesk_calendar") / "sample" / "shop.ics"))


def ics(*lines: str) -> str:
    """A calendar of one event."""
    event = ["UID:1", "DTSTAMP:20260101T000000Z", *lines]
    parts = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:x", "BEGIN:VEVENT", *event]
    return "\r\n".join([*parts, "END:VEVENT", "END:VCALENDAR", ""])


def told(path: Path, day: date, days: int = 1) -> list[tuple[str, str]]:
    """When each event begins, and what it is."""
    found = events([path], day, day + timedelta(days=days), SEOUL)
    return [(each.begin, each.title) for each in found]


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2026, 1, 1), [("2026-01-01", "Closed: New Year")]),
        (date(2026, 1, 5), [("2026-01-05 09:00", "Stocktaking")]),
        (date(2026, 1, 12), []),
        (date(2026, 1, 19), []),
        (date(2026, 1, 20), [("2026-01-20 14:00", "Stocktaking (moved)")]),
        (date(2026, 11, 23), [("2026-11-23 09:00", "Stocktaking")]),
    ],
)
def test_repeated_left_out_and_moved_events_are_told(
    day: date, expected: list[tuple[str, str]]
) -> None:
    assert told(SHOP, day) == expected


def test_times_are_told_in_the_zone_of_the_settings(tmp_path: Path) -> None:
    path = tmp_path / "a.ics"
    path.write_text(ics("DTSTART:20260105T160000Z", "DTEND:20260105T170000Z", "SUMMARY:Call"))
    assert told(path, date(2026, 1, 6)) == [("2026-01-06 01:00", "Call")]


def test_an_event_that_repeats_each_second_is_bounded(tmp_path: Path) -> None:
    path = tmp_path / "a.ics"
    path.write_text(ics("DTSTART:20260101T000000Z", "RRULE:FREQ=SECONDLY", "SUMMARY:Tick"))
    assert len(told(path, date(2026, 1, 1), 31)) == MOST


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A shared calendar, and those of two users of one name."""
    for place, title in (("shop", "Shared"), ("users/acme/ann", "Own"), ("users/zeta/ann", "Zeta")):
        path = tmp_path / f"{place}.ics"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(ics("DTSTART;VALUE=DATE:20260105", f"SUMMARY:{title}"))
    return tmp_path


@pytest.mark.parametrize(
    ("tenant", "user", "titles"),
    [
        ("acme", "ann", {"Shared", "Own"}),
        ("zeta", "ann", {"Shared", "Zeta"}),
        ("acme", "bob", {"Shared"}),
        ("acme", "../zeta/ann", {"Shared"}),
        ("..", "shop", {"Shared"}),
    ],
)
async def test_a_user_is_told_the_shared_and_the_own_calendar(
    folder: Path, tenant: str, user: str, titles: set[str]
) -> None:
    settings: dict[str, Any] = {"folder": folder}
    async with parts_of(plugin, **settings) as parts:
        turn = a_turn(user=user, tenant=tenant)
        found = await run_tool(parts.tools[0], turn, day=date(2026, 1, 5))
    assert {each.title for each in found} == titles


async def test_a_file_that_is_no_calendar_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "a.ics").write_text("no calendar")
    async with parts_of(plugin, folder=tmp_path) as parts:
        with pytest.raises(ToolFailed, match="it raised ValueError"):
            await run_tool(parts.tools[0], day=date(2026, 1, 5))


async def test_an_agent_looks_into_the_calendar() -> None:
    call = tool_call("calendar", {"day": "2026-01-05", "days": 1})
    async with scripted_desk(plugin, call, text("Stocktaking, at nine.")) as ann:
        result = await ann.ask("What is on Monday, the fifth?")
    assert result.answer == "Stocktaking, at nine."
    assert result.receipt
    assert [use.ok for use in result.receipt.tools] == [True]
