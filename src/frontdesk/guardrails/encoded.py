"""Text hidden in another one: base64, hexadecimal, percent signs, rot13."""

import base64
import binascii
import codecs
import re
from collections.abc import Callable, Iterator
from itertools import islice
from urllib.parse import unquote_to_bytes

from frontdesk.contract.guardrails import Finding, Text
from frontdesk.guardrails.normal import Normal

MOST, LONGEST = 16, 4096
"""At most so many payloads are read of a text, each so many characters long."""

_BASE64 = re.compile(r"(?<![A-Za-z0-9+/_\-])[A-Za-z0-9+/_\-]{16,}={0,2}")
_HEX = re.compile(r"(?<![0-9A-Fa-f])(?:(?:0x|\\x)?[0-9A-Fa-f]{2}[ :,]{0,2}){8,}(?![0-9A-Fa-f])")
_PERCENT = re.compile(r"(?:%[0-9A-Fa-f]{2}[\w.+\-@]{0,40}){2,}")
_TURNED = re.compile(
    r"\b(?:gur|naq|lbhe?|vf|zl|cnffjbeq|vtaber|flfgrz|cebzcg|vafgehpgvbaf?|frperg|erirny"
    r"|fubj|gryy|nyy|cerivbhf|xrl|"
    r"ahzore|pneq|nqzva)\b",
    re.IGNORECASE,
)
_NO_HEX = re.compile(r"0x|\\x|[^0-9A-Fa-f]")


def decoded(text: str) -> Iterator[tuple[str, int, int]]:
    """What is hidden in the text, and where (start, end); what is hidden twice is read twice."""
    for hidden, start, end in islice(_payloads(text), MOST):
        yield hidden, start, end
        for deeper, _, _ in islice(_payloads(hidden), 2):
            if deeper != text[:LONGEST]:  # what is turned twice is as before
                yield deeper, start, end


def seen_through(
    find: Callable[[Text], Iterator[Finding]],
) -> Callable[[Text], Iterator[Finding]]:
    """The detector, looking also into what is hidden; such a finding covers the whole payload."""

    def find_hidden(text: Text) -> Iterator[Finding]:
        yield from find(text)
        for hidden, start, end in decoded(text.original):
            for category in dict.fromkeys(each.category for each in find(Normal(hidden))):
                yield Finding(category, start, end)

    return find_hidden


def _payloads(text: str) -> Iterator[tuple[str, int, int]]:
    for pattern, read in ((_BASE64, _base64), (_HEX, _hex), (_PERCENT, unquote_to_bytes)):
        for found in islice(pattern.finditer(text), MOST * 4):
            if hidden := _text(read, found.group()[:LONGEST]):
                yield hidden, *found.span()
    if len(set(islice(_TURNED.findall(text), 50))) > 1:
        yield codecs.decode(text[:LONGEST], "rot13"), 0, min(len(text), LONGEST)


def _text(read: Callable[[str], bytes], payload: str) -> str:
    """What the payload says; nothing if it is no text."""
    try:
        said = read(payload).decode()
    except (ValueError, binascii.Error):
        return ""
    return said if len(said) > 3 and said.replace("\n", " ").isprintable() else ""


def _base64(payload: str) -> bytes:
    body = payload.rstrip("=").replace("-", "+").replace("_", "/")
    body = body[: len(body) - (len(body) % 4 == 1)]
    return base64.b64decode(body + "=" * (-len(body) % 4))


def _hex(payload: str) -> bytes:
    return bytes.fromhex(_NO_HEX.sub("", payload))
