"""Redaction: placeholders such as `[EMAIL_1]` in the place of what was found."""

from collections.abc import Iterable
from dataclasses import dataclass

from frontdesk.guardrails.checkpoint import Ruling

Vault = dict[tuple[str, str], str]
"""(category, value) -> placeholder: in one turn the same value is always the same placeholder."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of text to be replaced."""

    category: str
    start: int
    end: int


def spans(rulings: Iterable[Ruling]) -> list[Span]:
    """What the rulings redact, in order; overlapping findings become one, named after the first."""
    merged: list[Span] = []
    redacted = (ruling for ruling in rulings if ruling.action == "redact")
    for ruling in sorted(redacted, key=lambda each: (each.start, -each.end)):
        if merged and ruling.start < merged[-1].end:
            last = merged.pop()
            merged.append(Span(last.category, last.start, max(last.end, ruling.end)))
        else:
            merged.append(Span(ruling.category, ruling.start, ruling.end))
    return merged


def redact(text: str, found: Iterable[Span], vault: Vault) -> str:
    """The text with placeholders for the spans, which are disjoint and in order."""
    pieces, at = [], 0
    for span in found:
        pieces += [text[at : span.start], _placeholder(span, text, vault)]
        at = span.end
    return "".join([*pieces, text[at:]])


def _placeholder(span: Span, text: str, vault: Vault) -> str:
    value = (span.category, text[span.start : span.end])
    if value not in vault:
        number = 1 + sum(category == span.category for category, _ in vault)
        vault[value] = f"[{span.category.upper()}_{number}]"
    return vault[value]
