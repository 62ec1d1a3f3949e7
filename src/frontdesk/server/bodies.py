"""Request bodies: read up to a limit, then parsed as strict JSON."""

from typing import Any

import orjson
from starlette.requests import Request

from frontdesk.contract.errors import InvalidRequest, PayloadTooLarge
from frontdesk.server.problems import UnsupportedMedia

JSON = ("application/json",)
JSON_LINES = ("application/jsonl", "application/x-ndjson")


async def read_object(request: Request, limit: int) -> dict[str, Any]:
    """The body as a JSON object of at most `limit` bytes.

    Raises:
        UnsupportedMedia: it is not sent as plain JSON.
        PayloadTooLarge: it is, or says it is, larger; no more than the limit is read.
        InvalidRequest: it is not an object of strict JSON in UTF-8.
    """
    _check_media(request, JSON)
    try:
        data = orjson.loads(await _read(request, limit))
    except orjson.JSONDecodeError as error:
        raise InvalidRequest(
            f"The body is not JSON in UTF-8: look at line {error.lineno}, column {error.colno}."
        ) from None
    if not isinstance(data, dict):
        raise InvalidRequest("The body must be a JSON object.")
    return data


async def read_lines(request: Request, limit: int) -> bytes:
    """The body as JSON Lines of at most `limit` bytes.

    Raises:
        UnsupportedMedia: it is not sent as plain JSON Lines.
        PayloadTooLarge: it is, or says it is, larger; no more than the limit is read.
    """
    _check_media(request, JSON_LINES)
    return await _read(request, limit)


def _check_media(request: Request, known: tuple[str, ...]) -> None:
    # None of these media types can come from a page of another site without its being asked first.
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media not in known:
        raise UnsupportedMedia(f"Send the body as `Content-Type: {known[0]}`.")
    if request.headers.get("content-encoding", "identity") != "identity":
        raise UnsupportedMedia("Send the body uncompressed.")


async def _read(request: Request, limit: int) -> bytes:
    declared = request.headers.get("content-length", "0")
    if not declared.isdecimal() or len(declared) > len(str(limit)) or int(declared) > limit:
        raise _too_large(limit)
    pieces, size = [], 0
    async for piece in request.stream():
        size += len(piece)
        if size > limit:
            raise _too_large(limit)
        pieces.append(piece)
    return b"".join(pieces)


def _too_large(limit: int) -> PayloadTooLarge:
    return PayloadTooLarge(f"The body may have at most {limit} bytes.")
