"""Moments as people and other programs read them."""

import time
from datetime import UTC, datetime


def rfc3339(at: float | None = None) -> str:
    """Seconds since the epoch, or now, as RFC 3339 in UTC with milliseconds."""
    moment = datetime.fromtimestamp(time.time() if at is None else at, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
