"""The events of ICS files (RFC 5545) in a span of days, repeated ones among them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import islice
from pathlib import Path
from zoneinfo import ZoneInfo

from icalendar import Calendar
from icalendar import Event as Entry
from recurring_ical_events import of

LARGEST = 2_000_000
"""Bytes of a calendar."""
MOST = 50
"""Events of one answer."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event; `begin` and `end` are local times, or dates when it lasts whole days."""

    begin: str
    end: str
    title: str
    place: str


def events(paths: Iterable[Path], first: date, end: date, zone: ZoneInfo) -> list[Event]:
    """The events that touch the days from `first` to before `end`, in order, 50 at most.

    Raises:
        ValueError: a file is too large, or no calendar.
    """
    span = (_midnight(first, zone), _midnight(end, zone))
    found = [each for path in paths for each in _in_span(_read(path), *span, zone)]
    return sorted(found, key=lambda each: each.begin)[:MOST]


def _read(path: Path) -> Calendar:
    if path.stat().st_size > LARGEST:
        raise ValueError(f"{path.name} is larger than {LARGEST} bytes")
    return Calendar.from_ical(path.read_bytes())


def _in_span(calendar: Calendar, begin: datetime, end: datetime, zone: ZoneInfo) -> Iterator[Event]:
    """Lazily: an event that repeats each second must not be written out for a month."""
    found: Iterator[Entry] = of(calendar).after(begin)
    for component in islice(found, MOST):
        if _moment(component.start, zone) >= end:
            return
        yield _event(component, zone)


def _event(component: Entry, zone: ZoneInfo) -> Event:
    return Event(
        begin=_local(component.start, zone),
        end=_local(component.end, zone),
        title=str(component.get("SUMMARY", "")),
        place=str(component.get("LOCATION", "")),
    )


def _local(when: date, zone: ZoneInfo) -> str:
    if not isinstance(when, datetime):
        return when.isoformat()
    return _moment(when, zone).strftime("%Y-%m-%d %H:%M")


def _moment(when: date, zone: ZoneInfo) -> datetime:
    """The time in the zone; a date begins at midnight, and a time without a zone is a local one."""
    if not isinstance(when, datetime):
        return _midnight(when, zone)
    return when.astimezone(zone) if when.tzinfo else when.replace(tzinfo=zone)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone)
