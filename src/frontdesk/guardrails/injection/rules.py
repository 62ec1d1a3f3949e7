"""The rules for prompt injection; see `rules.yaml`."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from frontdesk.contract.guardrails import View
from frontdesk.guardrails.starting import Starting

_AROUND = 80
_HANGUL = re.compile("[가-힣]")
_SPACE = re.compile(r" \??(?![^\[\]]*\])(?!\{)")


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules, compiled: `others` are European and Asian languages, `about` is talk about
    attacks.
    """

    english: Starting
    korean: Starting
    others: Starting
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
    begin = _read("starts")
    compiled = {kind: Starting.of(begin[kind], each) for kind, each in patterns().items()}
    return Rules(**compiled, about=re.compile(_read("rules")["about"]))


def patterns() -> dict[str, str]:
    """All rules of each kind as one."""
    data = _read("rules")
    english, korean, others = (
        "|".join(map(_spaced, data[kind])) for kind in ("english", "korean", "others")
    )
    return {
        "english": rf"(?<![a-z])(?:{english})",
        "korean": korean,
        "others": rf"(?<!\w)(?:{others})",
    }


def _read(name: str) -> dict[str, Any]:
    path = files("frontdesk.guardrails.injection").joinpath(f"{name}.yaml")
    lists: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
    return lists


def _spaced(pattern: str) -> str:
    return _SPACE.sub(lambda hit: r"\s{0,3}" if hit.group() == " ?" else r"\s{1,3}", pattern)
