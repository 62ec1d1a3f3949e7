"""The plain form of a text, in which handlers and tools look for what they know; its language."""

import re
import unicodedata
from collections.abc import Iterable
from typing import Literal

Language = Literal["en", "ko"]
IMAGE = "[image]"
"""What stands in a text for an image that came with it."""
_HANGUL = re.compile("[\u1100-\u11ff\u3130-\u318f\ua960-\ua97f\uac00-\ud7ff\uffa0-\uffdc]")
_LATIN = re.compile("[A-Za-z]")


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


def language_of(text: str) -> Language:
    """The language to answer the text in: Korean or English, whichever more of it is written in. A
    syllable of Hangul counts as three letters, about as many as it takes in English.
    """
    text = text.replace(IMAGE, "")
    return "ko" if 3 * len(_HANGUL.findall(text)) > len(_LATIN.findall(text)) else "en"


def spoken_language(texts: Iterable[str]) -> Language | None:
    """The language of the first text that has words of its own, so that a number or a command says
    nothing; None where all are such.
    """
    for text in (each.replace(IMAGE, "") for each in texts):
        if not text.lstrip().startswith("/") and any(char.isalpha() for char in text):
            return language_of(text)
    return None
