"""Text hidden in another one: base64, hexadecimal, percent signs, rot13."""

import base64
import binascii
import codecs
import re
import string
from bisect import bisect
from collections.abc import Callable, Collection, Iterator
from functools import cache
from itertools import islice
from urllib.parse import unquote_to_bytes

from frontdesk.contract.guardrails import Finding, Text
from frontdesk.guardrails.gates import Gates
from frontdesk.guardrails.normal import Normal

MOST, LONGEST = 16, 4096
"""At most so many payloads are read of a text, each so many characters long."""
REACH = 300
"""So much of a payload is read at once in a stream; of a longer one, piece after piece."""
PIECE = 64
"""So long is what may be the rest of a payload, so that it is read from each of four letters on."""

_BASE64 = re.compile(r"(?<![A-Za-z0-9+/_\-])[A-Za-z0-9+/_\-]{16,}={0,2}")
_HEX = re.compile(r"(?<![0-9A-Fa-f])(?:(?:0x|\\x)?[0-9A-Fa-f]{2}[ :,]{0,2}){8,}(?![0-9A-Fa-f])")
_PERCENT = re.compile(r"(?:%[0-9A-Fa-f]{2}[\w.+\-@]{0,40}){2,}")
_TURNED_WORDS = (
    "(?i)(?:gur|naq|lbhe?|vf|zl|cnffjbeq|vtaber|flfgrz|cebzcg|vafgehpgvbaf?|frperg|erirny"
    "|fubj|gryy|nyy|cerivbhf|xrl|ahzore|pneq|nqzva)"
)
_TURNED = re.compile(_TURNED_WORDS.replace("(?:", r"\b(?:", 1) + r"\b")
_BYTE = "(?:(?:0x|\\\\x)?[0-9A-Fa-f]{2}[ :,]*)"
_WAYS = {
    "base64": [["[A-Za-z0-9+/_-]{16}"]],
    "hex": [[_BYTE + "{8}"]],
    "percent": [["(?:%[0-9A-Fa-f]{2}.*){2}"]],
    "turned": [[_TURNED_WORDS]],
}
_LETTERS = string.ascii_letters + string.digits + "+/_-="
_FIGURES = string.hexdigits + "x\\ :,"
_UTF8 = codecs.getincrementaldecoder("utf-8")
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


def written_out(text: str) -> Iterator[tuple[str, int, int]]:
    """What `decoded` tells, but for rot13, whose lines show only together what they are."""
    for hidden, start, end in islice(_written(text, _gates().open(text)), MOST):
        yield hidden, start, end
        for deeper, _, _ in islice(_written(hidden, _gates().open(hidden)), 2):
            yield deeper, start, end


def begun(text: Text) -> int:
    """Where in a stream the last payload may have begun, see `Guardrail.pending`."""
    tail = text.original[-REACH:]
    bare = min(len(tail.rstrip(_LETTERS)), len(tail.rstrip(_FIGURES)))
    if "%" in tail:
        bare = min(bare, len(tail.rstrip(_LETTERS + "%.@")))
    return len(text.original) - len(tail) + bare


def _payloads(text: str) -> Iterator[tuple[str, int, int]]:
    there = _gates().open(text)
    yield from _written(text, there)
    if "turned" in there:
        yield from _turned(text)


def _written(text: str, there: Collection[str]) -> Iterator[tuple[str, int, int]]:
    for name, pattern, read in _READERS:
        for found in islice(pattern.finditer(text), MOST * 4) if name in there else ():
            for payload in _begins(found):
                if hidden := _text(read, payload[:LONGEST]):
                    yield hidden, *found.span()


def _begins(found: re.Match[str]) -> Iterator[str]:
    """The payload; where a text begins with it, it may be the rest of one."""
    rest = found.start() == 0 and found.end() >= PIECE
    return (found.group()[at:] for at in range(4 if rest else 1))


def _turned(text: str) -> Iterator[tuple[str, int, int]]:
    """The lines with words in rot13, two at least in the text, each with a line on either side."""
    words = list(_TURNED.finditer(text))
    if len({word.group() for word in words}) < 2:
        return
    ends = [line.start() for line in re.finditer("\n|\\Z", text)]
    stretches: list[tuple[int, int]] = []
    for line in dict.fromkeys(bisect(ends, word.start()) for word in words):
        start = ends[line - 2] + 1 if line > 1 else 0
        if stretches and start <= stretches[-1][1]:
            start, _ = stretches.pop()
        stretches.append((start, ends[min(line + 1, len(ends) - 1)]))
    lines = "\n".join(text[start:end] for start, end in stretches)[:LONGEST]
    yield codecs.decode(lines, "rot13"), stretches[0][0], stretches[-1][1]


def _text(read: Callable[[str], bytes], payload: str) -> str:
    """What the payload says; nothing if it is no text."""
    try:
        said = _UTF8().decode(read(payload))  # the last letter may be cut
    except (ValueError, binascii.Error):
        return ""
    return said if len(said) > 3 and said.replace("\n", " ").isprintable() else ""


def _base64(payload: str) -> bytes:
    body = payload.rstrip("=").replace("-", "+").replace("_", "/")
    body = body[: len(body) - (len(body) % 4 == 1)]
    return base64.b64decode(body + "=" * (-len(body) % 4))


def _hex(payload: str) -> bytes:
    return bytes.fromhex(_NO_HEX.sub("", payload))


_READERS = (
    ("base64", _BASE64, _base64),
    ("hex", _HEX, _hex),
    ("percent", _PERCENT, unquote_to_bytes),
)


@cache
def _gates() -> Gates[str]:
    return Gates(_WAYS)
