"""The detector of injection: categories `injection` and `injection_suspected`."""

from collections.abc import Iterator

from frontdesk.contract.guardrails import Finding, Text, View
from frontdesk.guardrails.injection.classifier import limits, model, windows
from frontdesk.guardrails.injection.rules import hits, spoken_about

REACH = 0
"""A classifier judges complete messages: nothing less than all of the text decides."""


def find(text: Text) -> Iterator[Finding]:
    """Finds attempts to give the model orders that its developer did not give.

    A rule that holds and a very high score are `injection`, a high score is `injection_suspected`.
    """
    same = text.joined.text == text.folded.text
    for view in (text.folded,) if same else (text.folded, text.joined):
        for span in hits(view):
            yield Finding("injection", *view.span(*span))
        yield from _scored(view)


def _scored(view: View) -> Iterator[Finding]:
    bounds = limits(view.text)
    for window in windows(view.text, model()):
        if window.score >= bounds.high:
            sure = window.score >= bounds.very_high and not spoken_about(view.text)
            category = "injection" if sure else "injection_suspected"
            yield Finding(category, *view.span(window.start, window.end))
