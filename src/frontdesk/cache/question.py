"""Questions as the cache compares them, and whether one can be understood by itself."""

import re

from frontdesk.contract.text import folded

LEAST_WORDS = 3
LEAST_CHARS = 8

# What points at something said before, or at a time that passes. Korean particles stick to a word,
# so most Korean ones are looked for at the beginning of a word.
_POINTS = re.compile(
    r"""
    (?<![a-z])(?:it|its|this|that|these|those|they|them|their|theirs|he|him|his|she|her|hers|there
        |same|another|again|more|else|too|also|instead|above|previous|earlier|before|continue
        |now|today|tonight|tomorrow|yesterday|currently)(?![a-z])
    | ^(?:and|but|or|so|then|because|why|yes|no|ok|okay)(?![a-z])
    | (?<!\w)(?:그거|그것|그게|그건|그걸|이거|이것|이게|이건|이걸|저거|저것|저게|저건|저걸
        |거기|여기|저기|그때|그쪽|이쪽|그럼|그러|그래|그리고|그런|그렇|근데|하지만
        |아까|방금|다시|이전|계속|위에|지금|오늘|내일|어제|현재)
    | (?<!\w)(?:그|이|저|더|또|왜)(?!\w)
    """,
    re.VERBOSE,
)


def normalised(text: str) -> str:
    """The folded text without the marks at its end."""
    return folded(text).rstrip(" ?!.。")


def stands_alone(question: str) -> bool:
    """Whether a normalised question seems to mean the same in any conversation at any hour.

    It has some length, and no word such as *it* or 그거. A wrong no costs one model call.
    """
    long_enough = len(question.split()) >= LEAST_WORDS or len(question) >= LEAST_CHARS
    return long_enough and not _POINTS.search(question)
