"""Tokens without a tokeniser: words to stream, and plausible numbers from lengths."""

import re
from collections.abc import Callable, Sequence

from frontdesk.testing.fake_openai.answers import Reply

Fresh = Callable[[str], str]
"""Makes a new id with this prefix."""

Piece = tuple[bool, bytes]
"""A frame of a stream, and whether it carries a token, so that it may have to wait."""

_WORD = re.compile(r"\s*\S+(?:\s+$)?|^\s+$")


def streamed(reply: Reply) -> Sequence[str]:
    """The pieces in which the text of a reply is streamed; joined they are the text."""
    return reply.pieces or _WORD.findall(reply.text)


def tokens(size: int) -> int:
    """About how many tokens so many bytes are."""
    return max(1, size // 4)


def spoken(reply: Reply) -> int:
    """About how many tokens a reply is."""
    calls = sum(len(call.name) + len(call.arguments) for call in reply.calls)
    return tokens(len(reply.text.encode()) + calls)
