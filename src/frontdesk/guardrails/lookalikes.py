"""Characters that look like another one, and the character they are compared as."""

_LATIN = {
    "a": "аαΑɑᴀ",
    "b": "вВβΒʙ",
    "c": "сϲᴄ",
    "d": "ԁᴅ",
    "e": "еєεΕℯᴇ",
    "g": "ɡɢ",
    "h": "һнНΗʜ",
    "i": "іıİιΙӏɪ",
    "j": "јϳᴊ",
    "k": "кκΚᴋ",
    "l": "ʟ",
    "m": "мМΜᴍ",
    "n": "ηɴΝ",
    "o": "оοΟσᴏ",
    "p": "рρΡᴘ",
    "r": "гʀ",
    "s": "ѕꜱ",
    "t": "тТτΤᴛ",
    "u": "υᴜ",
    "v": "ѵνᴠ",
    "w": "ԝωᴡ",
    "x": "хχΧ",
    "y": "уүγΥʏ",
    "z": "ζΖᴢ",
}
_MARKS = {
    "-": "‐‑‒–—―−➖⁃",
    "~": "〜∼",
    "·": "ㆍ・‧∙•⋅᛫",
    ".": "。",
    ",": "、",
    "/": "⁄∕",
    "'": "‘’‛′´",
    '"': "“”„‟″",
    ":": "ː∶",
}
# Letters in circles, squares and as regional indicators, where NFKC leaves them as they are.
_ENCLOSED = (0x1F150, 0x1F170, 0x1F1E6)

LOOKALIKES = {
    ord(seen): plain for plain, others in (_LATIN | _MARKS).items() for seen in others
} | {first + at: chr(ord("a") + at) for first in _ENCLOSED for at in range(26)}
"""For `str.translate`: look-alikes of Latin letters (small ones and, where the capital looks like
another letter, capitals), of dashes, dots and quotation marks.
"""
