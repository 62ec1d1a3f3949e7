"""The detector of injection: categories `injection` and `injection_suspected`."""

from collections.abc import Callable, Iterator
from functools import partial

from frontdesk.contract.guardrails import Finding, Text, View
from frontdesk.guardrails.injection.classifier import (
    KOREAN,
    OTHERS,
    Limits,
    in_korean,
    model,
    windows,
)
from frontdesk.guardrails.injection.rules import hits, spoken_about

REACH = 0
"""A classifier judges complete messages: nothing less than all of the text decides."""


def find(text: Text) -> Iterator[Finding]:
    """Finds attempts to give the model orders that its developer did not give.

    A rule that holds and a very high score are `injection`, a high score is `injection_suspected`.
    """
    return _find(text, KOREAN, OTHERS)


def finder(korean: Limits = KOREAN, others: Limits = OTHERS) -> Callable[[Text], Iterator[Finding]]:
    """`find` with other limits for texts with Korean letters and for all others."""
    return partial(_find, korean=korean, others=others)


def _find(text: Text, korean: Limits, others: Limits) -> Iterator[Finding]:
    same = text.joined.text == text.folded.text
    for view in (text.folded,) if same else (text.folded, text.joined):
        for span in hits(view):
            yield Finding("injection", *view.span(*span))
        yield from _scored(view, korean if in_korean(view.text) else others)


def _scored(view: View, limits: Limits) -> Iterator[Finding]:
    for window in windows(view.text, model()):
        if window.score >= limits.high:
            sure = window.score >= limits.very_high and not spoken_about(view.text)
            category = "injection" if sure else "injection_suspected"
            yield Finding(category, *view.span(window.start, window.end))
