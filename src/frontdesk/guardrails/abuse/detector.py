"""The detector of abuse: categories `profanity` and `threat`."""

from collections.abc import Iterator
from itertools import chain

from frontdesk.contract.guardrails import Finding, Text
from frontdesk.guardrails.abuse import english, korean, threats

REACH = 120
"""The longest finding with the words around it that decide, in visible characters."""


def find(text: Text) -> Iterator[Finding]:
    """Finds swear words and slurs whatever their spelling, and threats at people.

    Words that hold a swear word by accident (Scunthorpe, 시발역) are not found, nor is killing what
    is no person (a process, a boss in a game).
    """
    found = chain(korean.find(text), english.find(text), threats.find(text))
    return iter(dict.fromkeys(found))
