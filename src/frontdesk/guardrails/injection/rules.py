"""The rules for prompt injection; see `rules.yaml`."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import yaml

from frontdesk.contract.guardrails import View

_AROUND = 80
_HANGUL = re.compile("[가-힣]")
_SPACE = re.compile(r" \??(?![^\[\]]*\])(?!\{)")


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules, compiled: `others` are European and Asian languages, `about` is talk about
    attacks.
    """

    english: re.Pattern[str]
    korean: re.Pattern[str]
    others: re.Pattern[str]
    about: re.Pattern[str]


def hits(view: View) -> Iterator[tuple[int, int]]:
    """Where in the view a rule holds; not where a sentence only speaks about attacks."""
    compiled = rules()
    patterns = [compiled.english, compiled.others]
    if _HANGUL.search(view.text):
        patterns.append(compiled.korean)
    for pattern in patterns:
        for match in pattern.finditer(view.text):
            start, end = match.span()
            if not spoken_about(view.text[max(0, start - _AROUND) : end + _AROUND // 2]):
                yield start, end


def spoken_about(text: str) -> bool:
    """Whether a text speaks about attacks, or about mail and manuals."""
    return bool(rules().about.search(text))


@cache
def rules() -> Rules:
    """Reads the rules that ship with the package."""
    data = yaml.safe_load(
        files("frontdesk.guardrails.injection").joinpath("rules.yaml").read_text()
    )
    english, korean, others = (
        "|".join(map(_spaced, data[kind])) for kind in ("english", "korean", "others")
    )
    return Rules(
        english=re.compile(rf"(?<![a-z])(?:{english})"),
        korean=re.compile(korean),
        others=re.compile(rf"(?<!\w)(?:{others})"),
        about=re.compile(data["about"]),
    )


def _spaced(pattern: str) -> str:
    return _SPACE.sub(lambda hit: r"\s{0,3}" if hit.group() == " ?" else r"\s{1,3}", pattern)
