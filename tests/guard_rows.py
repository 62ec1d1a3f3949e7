"""The development rows of the guardrails: texts with what should be found in them."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from frontdesk.contract.guardrails import Finding, Text
from frontdesk.guardrails.normal import Normal

FOLDER = Path(__file__).parent / "rows"
HOSTILE = (
    "a", "1", "1-", "1 ", "a@", "a.", "ㅅ", "가", "가 ", "aB3/", "<!--", '"k=', "f*", "이전 모든 ",
    "![a](http://", "ignore all ",
)  # fmt: skip
"""Patterns that, repeated, made other checkers slow, and some against our own rules."""

Detector = Callable[[Text], Iterator[Finding]]


@dataclass(frozen=True, slots=True)
class Row:
    """A text, its language, what it holds (None: nothing), how that is written, and where the text
    comes from.
    """

    text: str
    language: str
    category: str | None
    form: str
    stage: str


class Rows(list[Row]):
    """Rows, measured with a detector."""

    def missed(self, detector: Detector) -> float:
        """The share of rows with a category that the detector does not find; prints them."""
        wanted = [row for row in self if row.category]
        missed = [row for row in wanted if row.category not in _categories(detector, row.text)]
        print(*missed, sep="\n")  # noqa: T201 - shown by pytest when a test fails
        return len(missed) / len(wanted)

    def stopped(self, detector: Detector) -> Sequence[Row]:
        """The rows in which the detector finds more than a suspicion."""
        return [row for row in self if _categories(detector, row.text) - {"injection_suspected"}]


def rows(name: str) -> Rows:
    """The rows of one file."""
    lines = (FOLDER / f"{name}.jsonl").read_text("utf-8").splitlines()
    return Rows(Row(**json.loads(line)) for line in lines)


def _categories(detector: Detector, text: str) -> set[str]:
    return {finding.category for finding in detector(Normal(text))}
