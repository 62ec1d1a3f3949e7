"""Compatibility jamo (ㅂㅣ), the letters of a Korean keyboard, put together to syllables."""

import re
import unicodedata

_LEADS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
_FINALS = "ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ"

# A consonant before a vowel begins the next syllable, and one that is repeated is laughter (ㅋㅋ).
SYLLABLE = re.compile(rf"[{_LEADS}][ㅏ-ㅣ](?:([{_FINALS}])(?![ㅏ-ㅣ]|\1))?")
"""One syllable written as two or three compatibility jamo."""


def syllable(jamo: str) -> str:
    """The syllable of a match of `SYLLABLE`.

    NFKC alone would read the final consonant as the beginning of another syllable.
    """
    final = chr(0x11A8 + _FINALS.index(jamo[2])) if len(jamo) > 2 else ""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFKC", jamo[:2]) + final)
