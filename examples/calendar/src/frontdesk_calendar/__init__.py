"""Calendars from ICS files: the shared ones, and each user's own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, timedelta
from importlib.resources import as_file, files
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field, WithJsonSchema

from frontdesk.contract.context import TurnContext
from frontdesk.contract.parts import Parts, PluginPlace
from frontdesk.contract.tools import Tool, tool
from frontdesk_calendar.agenda import Event, events
from frontdesk_calendar.places import calendars_of

DATE = {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}$"}
Day = Annotated[date, Field(examples=["2026-11-23"]), WithJsonSchema(DATE)]
Count = Annotated[int, Field(ge=1, le=31, examples=[1])]


class Settings(BaseModel):
    """Read from FRONTDESK_PLUGIN_CALENDAR_<FIELD>, or `.env`."""

    folder: Path | None = None
    timezone: ZoneInfo = ZoneInfo("Asia/Seoul")


def agenda_tool(folder: Path, zone: ZoneInfo) -> Tool:
    """The tool, on the calendars of this folder."""

    @tool(name="calendar", timeout_s=10.0, concurrency=4)
    def agenda(context: TurnContext, day: Day, days: Count = 1) -> list[Event]:
        """Lists the events of the calendars of the user who speaks, in the order of their time.

        Args:
            day: The first day, such as 2026-11-23.
            days: How many days from there, 1 to 31.
        """
        paths = calendars_of(folder, context.tenant, context.user)
        return events(paths, day, day + timedelta(days=days), zone)

    return agenda


@asynccontextmanager
async def plugin(place: PluginPlace) -> AsyncIterator[Parts]:
    """Brings the tool `calendar`; without a folder in the settings, on an invented calendar."""
    settings = place.settings(Settings)
    with as_file(files(__name__) / "sample") as sample:
        yield Parts(tools=(agenda_tool(settings.folder or sample, settings.timezone),))
