"""Spellings that hide a word: marks between its letters, stretched vowels, the wrong keyboard."""

import re
from dataclasses import dataclass
from functools import cache

from frontdesk.contract.guardrails import Text, View
from frontdesk.guardrails.normal import worded

LEADS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
VOWELS = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"
_TAILS = "ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ"
_CLUSTERS = {0x1121: "ㅄ", 0x111A: "ㅀ", 0x1114: "ㅥ", 0x1132: "ㅺ", 0x112F: "ㅼ"}

# Jamo that stand alone, as letters of the compatibility block: NFKC makes them parts of syllables.
_ALONE = (
    {0x1100 + at: letter for at, letter in enumerate(LEADS)}
    | {0x1161 + at: letter for at, letter in enumerate(VOWELS)}
    | {0x11A8 + at: letter for at, letter in enumerate(_TAILS)}
    | _CLUSTERS
)

# The keys of a two-set (두벌식) keyboard, small letters.
_KEYS = {
    "lead": "r,r,s,e,e,f,a,q,q,t,t,d,w,w,c,z,x,v,g",
    "vowel": "k,o,i,o,j,p,u,p,h,hk,ho,hl,y,n,nj,np,nl,b,m,ml,l",
    "tail": ",r,r,rt,s,sw,sg,e,f,fr,fa,fq,ft,fx,fv,fg,a,q,qt,t,t,d,w,c,z,x,v,g",
}
_LEAD_KEYS, _VOWEL_KEYS, _TAIL_KEYS = (keys.split(",") for keys in _KEYS.values())
_JAMO_KEYS = dict(zip(LEADS + VOWELS, _LEAD_KEYS + _VOWEL_KEYS, strict=True))

_HANGUL = re.compile("[ㄱ-ㅣ가-힣ᄀ-ᇿ]")
_NO_MARK = r"\s()\[\]{}<>,:;\"'“”‘’「」"
_MARKS = re.compile(rf"(?<=[ㄱ-ㅎ가-힣])(?:[a-z\d_]|[^\w{_NO_MARK}]){{1,4}}(?=[ㄱ-ㅎ가-힣])")
_LONE_VOWELS = re.compile(r"(?<=[가-힣])[ㅏ-ㅣ]{1,8}(?=[가-힣])")


# Figures and signs beside a letter, and the letters they stand for.
_FIGURES = re.compile(
    r"(?<=[a-z])[013457@$!]{1,3}(?=[a-z])|(?<![^\W_])[013457@$](?=[a-z]{2})"
    r"|(?<![^\W_])1(?= [a-z]{0,2}[1!i]ll |'(?:ll|m) )"
)
_READ = str.maketrans("013457@$!", "oieastasi")


@dataclass(frozen=True, slots=True)
class Bare:
    """A view with stretches taken out; character i stands at `places[i]` of the view `under` it."""

    text: str
    places: list[int]
    under: View

    def span(self, start: int, end: int) -> tuple[int, int]:
        """See `View.span`."""
        return self.under.span(self.places[start], self.places[end - 1] + 1)


@dataclass(frozen=True, slots=True)
class Lettered:
    """A view with other letters in places, as many as before."""

    text: str
    under: View

    def span(self, start: int, end: int) -> tuple[int, int]:
        """See `View.span`."""
        return self.under.span(start, end)


def korean_views(text: Text) -> list[View]:
    """The views in which Korean words are looked for, each different from those before."""
    views: list[View] = []
    for view in worded(text):
        if not _HANGUL.search(view.text):
            continue
        lettered = Lettered(view.text.translate(_ALONE), view)
        views.append(lettered)
        without = bare(lettered)
        if without.text != lettered.text:
            views.append(without)
    return views


def bare(view: View) -> Bare:
    """The view without marks, digits and Latin letters between Hangul, and with vowels as long as
    they are written when nothing is stretched (시이이발, 시ㅣ발).
    """
    text, kept, after = view.text, [], 0
    for start, end in _stretches(text):
        kept.append((after, start))
        after = end
    kept.append((after, len(text)))
    places = [at for start, end in kept for at in range(start, end)]
    return Bare("".join(text[start:end] for start, end in kept), places, view)


def plain(view: View) -> Lettered:
    """The view with the figures and signs that stand for letters as letters (k1ll, y0ur)."""
    return Lettered(_FIGURES.sub(lambda hit: hit.group().translate(_READ), view.text), view)


def _stretches(text: str) -> list[tuple[int, int]]:
    patterns = (_MARKS, _LONE_VOWELS, _long_vowels())
    found = sorted(match.span() for pattern in patterns for match in pattern.finditer(text))
    apart: list[tuple[int, int]] = []
    for start, end in found:
        if not apart or start >= apart[-1][1]:
            apart.append((start, end))
    return apart


@cache
def _long_vowels() -> re.Pattern[str]:
    """A vowel repeated after an open syllable that ends in it: the two 이 of 시이이발."""
    open_syllables = [
        "".join(chr(0xAC00 + (lead * 21 + vowel) * 28) for lead in range(19))
        for vowel in range(len(VOWELS))
    ]
    silent = [each[LEADS.index("ㅇ")] for each in open_syllables]
    ways = (
        f"(?<=[{each}]{own}){own}{{0,39}}" for each, own in zip(open_syllables, silent, strict=True)
    )
    return re.compile(f"[{''.join(silent)}](?:{'|'.join(ways)})")


def keys(word: str) -> str:
    """What comes out when a Korean word is typed with the keyboard set to Latin letters."""
    return "".join(_keys_of(char) for char in word)


def _keys_of(char: str) -> str:
    if not "가" <= char <= "힣":
        return _JAMO_KEYS.get(char, "")
    lead, rest = divmod(ord(char) - 0xAC00, 21 * 28)
    vowel, tail = divmod(rest, 28)
    return _LEAD_KEYS[lead] + _VOWEL_KEYS[vowel] + _TAIL_KEYS[tail]


def spaced(pattern: str) -> str:
    """The pattern with each of its spaces standing for up to three of any kind."""
    return pattern.replace(" ?", r"\s{0,3}").replace(" ", r"\s{1,3}")
