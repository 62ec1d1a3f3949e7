"""The weather of a city: a tool that asks a service over HTTP."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import httpx2
from pydantic import BaseModel, BeforeValidator, HttpUrl

from frontdesk.contract.parts import Parts, PluginPlace
from frontdesk.contract.tools import First, Tool, tool
from frontdesk_weather.service import City, Invented, Report, Service, Weather

ASKED = r"^(?:what is |how is )?the weather in (?P<city>busan|daegu|incheon|jeju|seoul)\W*$"


class Settings(BaseModel):
    """Read from FRONTDESK_PLUGIN_WEATHER_<FIELD>, or `.env`."""

    url: HttpUrl | None = None


def _small(name: object) -> object:
    return name.lower() if isinstance(name, str) else name


def weather_tool(source: Weather) -> Tool:
    """The tool, on a service or what stands in for it."""

    @tool(timeout_s=8.0, concurrency=16, first=First(ASKED, Report.sentence))
    async def weather(city: Annotated[City, BeforeValidator(_small)]) -> Report:
        """Tells the weather of a city now: degrees Celsius and wind in km/h.

        Args:
            city: Its English name in small letters.
        """
        return await source.now(city)

    return weather


@asynccontextmanager
async def plugin(place: PluginPlace) -> AsyncIterator[Parts]:
    """Brings the tool `weather`. Its client lives as long as the plugin."""
    url = place.settings(Settings).url
    if url is None:
        yield Parts(tools=(weather_tool(Invented()),))
        return
    async with httpx2.AsyncClient(timeout=6.0) as client:
        yield Parts(tools=(weather_tool(Service(client, str(url))),))
