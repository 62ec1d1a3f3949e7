"""The weather service: it speaks as Open-Meteo does. And what stands in where none is set."""

from typing import Literal, Protocol

import httpx2
from pydantic import BaseModel

City = Literal["busan", "daegu", "incheon", "jeju", "seoul"]

PLACES: dict[City, tuple[float, float]] = {
    "busan": (35.18, 129.08),
    "daegu": (35.87, 128.60),
    "incheon": (37.46, 126.71),
    "jeju": (33.50, 126.53),
    "seoul": (37.57, 126.98),
}
"""Latitude and longitude in degrees."""
LONGEST = 65_536
"""Bytes of an answer."""


class Report(BaseModel):
    """The weather at one moment: degrees Celsius, and wind in km/h."""

    city: str
    degrees: float
    wind: float
    source: str

    def sentence(self) -> str:
        """For a person."""
        return f"{self.city.title()}: {self.degrees:g} °C, wind {self.wind:g} km/h ({self.source})."


class Weather(Protocol):
    """Who knows the weather."""

    async def now(self, city: City, /) -> Report:
        """The weather of the city at this moment."""


class Current(BaseModel):
    """The part of the service's answer that is used."""

    temperature_2m: float
    wind_speed_10m: float


class Answer(BaseModel):
    """The service's answer."""

    current: Current


class Service:
    """Asks the service."""

    def __init__(self, client: httpx2.AsyncClient, url: str) -> None:
        self._client, self._url = client, url

    async def now(self, city: City) -> Report:
        """The weather of the city.

        Raises:
            httpx2.HTTPError: the service does not answer, or refuses.
            ValueError: its answer is none.
        """
        latitude, longitude = PLACES[city]
        wanted = {"latitude": latitude, "longitude": longitude}
        fields = {"current": "temperature_2m,wind_speed_10m"}
        async with self._client.stream("GET", self._url, params={**wanted, **fields}) as response:
            response.raise_for_status()
            current = Answer.model_validate_json(await _read(response)).current
        return Report(
            city=city,
            degrees=current.temperature_2m,
            wind=current.wind_speed_10m,
            source=self._client.base_url.host or httpx2.URL(self._url).host,
        )


async def _read(response: httpx2.Response) -> bytes:
    body = b""
    async for piece in response.aiter_bytes():
        body += piece
        if len(body) > LONGEST:
            raise ValueError("the answer is too long")
    return body


class Invented:
    """Weather that nobody measured, the same each time."""

    async def now(self, city: City) -> Report:
        """The warmer, the further south."""
        latitude, _ = PLACES[city]
        return Report(city=city, degrees=round(55 - latitude), wind=9.0, source="invented")
