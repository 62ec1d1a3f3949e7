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
    attacks, `innocent` and `quoted` are stretches without an order.
    """

    english: Starting
    korean: Starting
    others: Starting
    about: re.Pattern[str]
    innocent: re.Pattern[str]
    quoted: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class Blanked:
    """A view with blanks where nothing is an order, as long as before."""

    text: str
    under: View

    def span(self, start: int, end: int) -> tuple[int, int]:
        """See `View.span`."""
        return self.under.span(start, end)


def without_innocent(view: View) -> View:
    """The view without words that only look like an order."""
    return Blanked(rules().innocent.sub(_blank, view.text), view)


def without_quoted(view: View) -> View:
    """The view without what is quoted to be translated or explained, and without harmless roles."""
    return Blanked(rules().quoted.sub(_blank, view.text), view)


def _blank(hit: re.Match[str]) -> str:
    return " " * len(hit.group())


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
    data = _read("rules")
    innocent, quoted = (
        re.compile("(?<![a-z])(?:" + "|".join(map(_spaced, data[kind])) + ")")
        for kind in ("innocent", "quoted")
    )
    return Rules(**compiled, about=re.compile(data["about"]), innocent=innocent, quoted=quoted)


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
