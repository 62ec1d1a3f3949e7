"""What schemathesis does not know by itself: how JSON Lines are sent."""

from typing import Any

import schemathesis


@schemathesis.serializer("application/jsonl", "application/x-ndjson")
def json_lines(_context: schemathesis.SerializationContext, value: Any) -> bytes:
    """The text as it is."""
    return str(value).encode("utf-8", "replace")
