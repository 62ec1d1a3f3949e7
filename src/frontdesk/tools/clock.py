"""The clock: a tool that knows what time it is, and answers that question by itself."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from frontdesk.contract.parts import Parts, PluginPlace
from frontdesk.contract.tools import First, tool

HOME = "Asia/Seoul"

PATTERN = r"""(?x) ^
(?: (?: what (?: \ time\ is\ it | \ day\ is\ (?:it|today)
             | (?:['’]s|\ is)\ (?: the\ (?:current\ )? (?:time|date) | today['’]s\ date) )
        (?: \ (?:right\ )?now | \ today )?
        (?: \ in\ (?P<zone> [a-z]+ (?: / [a-z_]+ ){1,2} ) )? )
  | (?: 지금 | 현재 | 오늘 ) (?: 은 | 이 )? \ ?
    (?: 몇\ ?시 | 며칠 | 무슨\ ?요일 | 날짜 | 시간 | 시각 ) (?: 은 | 는 | 이 | 가 | 을 | 를 )?
    \ ? (?: 야 | 이야 | 예요 | 이에요 | 인가요 | 입니까 | 이죠 | 죠 | 지 | 니 | 인지
          | 뭐야 | 어떻게\ 돼요 )?
    \ ? (?: 알려\ ?(?: 줘 | 줘요 | 주세요 ) )?
) [\ ?!.~]* $"""


def _answer(now: Mapping[str, str]) -> str | None:
    if "error" in now:
        return None
    text = f"{now['date']} {now['weekday']}, {now['time']} ({now['zone']}, UTC{now['offset']})"
    return text if now["zone"] == "UTC" else f"{text} · {now['utc']} UTC"


@tool(first=First(PATTERN, _answer))
async def clock(zone: str = HOME) -> dict[str, str]:
    """The current date and time.

    Args:
        zone: The IANA name of a time zone, such as Asia/Seoul, Europe/Berlin or UTC.
    """
    now = datetime.now(UTC)
    try:
        local = now.astimezone(UTC if zone == "UTC" else ZoneInfo(zone))
    except (KeyError, ValueError, OSError):  # unknown, not a name of a zone, or a folder of zones
        return {"error": "There is no such time zone. Use an IANA name such as Asia/Seoul."}
    return {
        "zone": zone,
        "date": f"{local:%Y-%m-%d}",
        "weekday": f"{local:%A}",
        "time": f"{local:%H:%M}",
        "offset": f"{local:%z}",
        "utc": f"{now:%Y-%m-%d %H:%M}",
    }


@asynccontextmanager
async def plugin(_place: PluginPlace) -> AsyncIterator[Parts]:
    """The plugin that brings the clock."""
    yield Parts(tools=(clock,))
