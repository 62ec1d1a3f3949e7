"""Long tool outputs in short: their beginning, and a handle under which the rest can be read."""

PREVIEW_BYTES = 1024
LONG_BYTES = 2 * PREVIEW_BYTES
READ_RESULT = "read_result"
MESSAGE = "message"
"""What the user's own message of a turn is called in a handle."""


def preview(text: str, handle: str) -> str:
    """The beginning of a text, and how a model reads on; shorter than `LONG_BYTES`."""
    data = text.encode(errors="replace")
    begin = data[:PREVIEW_BYTES].decode(errors="ignore")
    read = len(begin.encode())
    return (
        f"{begin}\n[… {read} of {len(data)} bytes. To read on: "
        f'{READ_RESULT}(handle="{handle}", offset={read})]'
    )


def handle_of(turn_id: str, name: str) -> str:
    """The handle of a turn's tool output: by the call's id, or the name that it is kept under."""
    return f"{turn_id}.{name}"
