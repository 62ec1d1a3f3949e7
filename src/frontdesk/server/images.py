"""Images in a message: which are taken, and the words for those that are not. Pure functions."""

import re

from frontdesk.contract.turns import Item

FOUR = "[A-Za-z0-9+/]{4}"
DATA_URL = (
    "data:image/(?:png|jpeg|webp|gif);base64,"
    f"(?:{FOUR})*(?:{FOUR}|[A-Za-z0-9+/]{{3}}=|[A-Za-z0-9+/]{{2}}==)"
)
"""An image as it is taken (RFC 2397, RFC 4648). Addresses are not: whoever fetched one would do so
from inside the deployment's network.
"""
FORM = (
    "an image is a URL of the form data:image/png;base64,… with png, jpeg, webp or gif; addresses "
    "are not fetched"
)
OFF = "Images are not taken here: send text, or set FRONTDESK_IMAGES on the server."
_TAKEN = re.compile(DATA_URL)


def image_url(url: str) -> str:
    """The URL of an image as it is taken.

    Raises:
        ValueError: it is of another form; the words hold nothing of it.
    """
    if not _TAKEN.fullmatch(url):
        raise ValueError(FORM)
    return url


def image_part(url: str, detail: str | None) -> Item:
    """A part of a message in the wire form of the Responses API."""
    return {"type": "input_image", "image_url": url, "detail": detail or "auto"}


def too_many(count: int, most: int) -> str:
    """What is wrong with so many images in a message, if anything."""
    if count <= most:
        return ""
    return f"A message may hold at most {most} images (FRONTDESK_IMAGES)." if most else OFF
