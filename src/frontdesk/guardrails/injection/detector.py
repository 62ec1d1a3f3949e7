"""The detector of injection: categories `injection` and `injection_suspected`."""

from collections.abc import Iterator

from frontdesk.contract.guardrails import Finding, Text, View
from frontdesk.guardrails.injection.classifier import (
    KOREAN,
    OTHERS,
    Limits,
    in_korean,
    model,
    windows,
)
from frontdesk.guardrails.injection.rules import (
    hits,
    spoken_about,
    without_innocent,
    without_quoted,
)
from frontdesk.guardrails.normal import worded

REACH = 0
"""A classifier judges complete messages: nothing less than all of the text decides."""


def find(text: Text) -> Iterator[Finding]:
    """Finds attempts to give the model orders that its developer did not give.

    A rule that holds and a very high score are `injection`, a high score is `injection_suspected`.
    """
    yield from find_by_rule(text)
    yield from find_by_score(text)


def find_by_rule(text: Text) -> Iterator[Finding]:
    """What a rule holds for."""
    for view in worded(text):
        for span in hits(without_innocent(view)):
            yield Finding("injection", *view.span(*span))


def find_by_score(
    text: Text, korean: Limits = KOREAN, others: Limits = OTHERS
) -> Iterator[Finding]:
    """What the classifier scores high, with limits for texts with Korean letters and for others."""
    for view in worded(text):
        plain = without_quoted(without_innocent(view))
        yield from _scored(plain, korean if in_korean(view.text) else others)


def _scored(view: View, limits: Limits) -> Iterator[Finding]:
    high = [window for window in windows(view.text, model()) if window.score >= limits.high]
    about = any(window.score >= limits.very_high for window in high) and spoken_about(view.text)
    for window in high:
        sure = window.score >= limits.very_high and not about
        category = "injection" if sure else "injection_suspected"
        yield Finding(category, *view.span(window.start, window.end))
