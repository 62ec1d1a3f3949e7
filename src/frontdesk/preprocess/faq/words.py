"""The words of a question, as far as they matter: filler known, English words cut to stems."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files

import yaml

from frontdesk.contract.text import folded

_HANGUL = re.compile(r"[가-힣]")
_RUN = re.compile(r"[a-z_]+|[가-힣]+(?: [가-힣]+)*")
_NUMBER = re.compile(r"\d+")
_SUFFIX = re.compile(r"(?<=[a-z]{3})(?:ments?|ations?|ings?|ies|es|s|y|e)$")
_TWICE = re.compile(r"([bdgmnprt])\1$")

# One spelling for what is written in several ways.
_SPELLINGS = tuple(
    (re.compile(pattern), form)
    for pattern, form in (
        (r"[’`´]", "'"),
        (r"(?:n't|(?<=do|es|id|ca|wo|is)nt)\b", " not"),
        (r"\bi'(?:ve|d)(?! like)\b", "i_have"),
        (r"\be-mail", "email"),
        (r"(?<=\d),(?=\d{3})", ""),
        (r"\b(?:at )?what times?\b", "when"),
        (r"\bgood (?:day|morning|afternoon|evening)\b", ""),
        (r"\b(what|where|when|how|who)s\b", r"\1"),
        (r"\b(?:tell|let|give|show|help|send) (?:me|us)\b", "tell"),
        (r"\b(?:would|'d) like\b", " want"),
        (r"\bis it (?:also )?possible\b", ""),
        (r"\bdoes it (?:usually |normally |typically )?take\b", "does take"),
        (r"\b(?:til|till)\b", "until"),
        (r"(?<!do )(?<!can )(?<!could )(?<!may )\bi (have|got|had)\b", r"i_\1"),
        (r"\bhow (much|many|long|far|late|soon|fast|often|quickly)\b", r"how_\1"),
        (r"'(?:s|re|m|ll|d|ve)\b", ""),
        (r"([월화수목금토일])욜", r"\1요일"),
        (r"몇일", "며칠"),
        (r"얼만(?=[가지데])", "얼마"),
        (r"잇(?=나|어|는|을|음|습)", "있"),
        (r"(?<=[나세해까죠어예에돼])[여염욤용](?![가-힣])", "요"),
    )
)


@dataclass(frozen=True, slots=True)
class Filler:
    """Words that say nothing (`english`, `korean`; `endings` only behind something), that say
    little (`soft`), and that ask (`asking`).
    """

    english: frozenset[str]
    korean: frozenset[str]
    endings: frozenset[str]
    soft: frozenset[str]
    asking: frozenset[str]


def read_filler() -> Filler:
    """Reads the lists that ship with the package."""
    text = files("frontdesk.preprocess.faq").joinpath("filler.yaml").read_text("utf-8")
    lists = {kind: frozenset(words.split()) for kind, words in yaml.safe_load(text).items()}
    for kind in ("soft", "asking"):
        lists[kind] = frozenset(map(stem, lists[kind]))
    return Filler(**lists)


def spelled(text: str) -> str:
    """The folded text with one spelling for contractions, numbers and question words."""
    text = folded(text)
    for pattern, form in _SPELLINGS:
        text = pattern.sub(form, text)
    return text


def runs(spelling: str) -> Iterator[str]:
    """English words one by one, and Hangul words together as long as only spaces part them."""
    return (match.group() for match in _RUN.finditer(spelling))


def numbers(spelling: str) -> frozenset[str]:
    """The numbers in a spelled text."""
    return frozenset(_NUMBER.findall(spelling))


def is_hangul(run: str) -> bool:
    """Whether a run is Korean."""
    return bool(_HANGUL.match(run))


def stem(word: str) -> str:
    """An English word without the endings that rarely change what a question is about."""
    return _TWICE.sub(r"\1", _SUFFIX.sub("", _SUFFIX.sub("", word)))


def language(text: str) -> str | None:
    """`ko`, `en`, or None for another script; a Korean text may hold many Latin names."""
    hangul = len(_HANGUL.findall(text))
    letters = sum(char.isalpha() for char in text)
    if hangul * 4 >= letters > 0:
        return "ko"
    latin = sum(char.isascii() and char.isalpha() for char in text)
    return "en" if latin * 10 >= letters * 9 > 0 else None
