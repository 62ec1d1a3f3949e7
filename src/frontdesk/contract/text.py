"""The plain form of a text, in which handlers and tools look for what they know."""

import unicodedata


def plain(text: str) -> str:
    """The text for matching, never for storing: without invisible format characters, in NFKC
    (full-width forms become plain ones), each run of white space one space.
    """
    if not text.isascii():
        seen = "".join(char for char in text if unicodedata.category(char) != "Cf")
        text = unicodedata.normalize("NFKC", seen)
    return " ".join(text.split())


def folded(text: str) -> str:
    """The plain form without upper and lower case."""
    return plain(text).casefold()
