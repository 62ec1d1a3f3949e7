"""The rules for prompt injection; see `rules.yaml`."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from frontdesk.contract.guardrails import View
from frontdesk.guardrails.alternatives import Alternatives
from frontdesk.guardrails.gates import Gated

_AROUND = 80
_HANGUL = re.compile("[가-힣]")
_SPACE = re.compile(r" \??(?![^\[\]]*\])(?!\{)")


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules, compiled: `others` are European and Asian languages, `innocent` and `quoted` are
    stretches without an order, `about` is talk about attacks.
    """

    english: Alternatives
    korean: Alternatives
    others: Alternatives
    innocent: Gated
    quoted: Gated
    about: Gated


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
    return _blanked(view, rules().innocent)


def without_quoted(view: View) -> View:
    """The view without what is quoted to be translated or explained, and without harmless roles."""
    return _blanked(view, rules().quoted)


def _blanked(view: View, words: Gated) -> View:
    hits = list(words.finditer(view.text))
    if not hits:
        return view
    pieces, at = [], 0
    for hit in hits:
        pieces += [view.text[at : hit.start()], " " * len(hit.group())]
        at = hit.end()
    return Blanked("".join([*pieces, view.text[at:]]), view)


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
    return rules().about.holds(text)


@cache
def rules() -> Rules:
    """Reads the rules that ship with the package."""
    made = _read("gates")
    orders = {kind: Alternatives(each, made[kind]) for kind, each in patterns().items()}
    others = {kind: Gated.of(each, made[kind]) for kind, each in innocent().items()}
    return Rules(
        orders["english"],
        orders["korean"],
        orders["others"],
        others["innocent"],
        others["quoted"],
        others["about"],
    )


def innocent() -> dict[str, list[str]]:
    """What is no order though it looks like one, each kind as one pattern."""
    data = _read("rules")
    blanked = {
        kind: ["(?<![a-z])(?:" + "|".join(map(_spaced, data[kind])) + ")"]
        for kind in ("innocent", "quoted")
    }
    return {**blanked, "about": [data["about"]]}


def patterns() -> dict[str, list[str]]:
    """All rules of each kind."""
    data, before = _read("rules"), {"english": "(?<![a-z])", "korean": "", "others": r"(?<!\w)"}
    return {
        kind: [f"{begin}(?:{_spaced(each)})" for each in data[kind]]
        for kind, begin in before.items()
    }


def _read(name: str) -> dict[str, Any]:
    path = files("frontdesk.guardrails.injection").joinpath(f"{name}.yaml")
    lists: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
    return lists


def _spaced(pattern: str) -> str:
    return _SPACE.sub(lambda hit: r"\s{0,3}" if hit.group() == " ?" else r"\s{1,3}", pattern)
