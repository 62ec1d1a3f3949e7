"""What says who somebody is: numbers given to people, and how to reach or find them."""

import re
from collections.abc import Callable, Iterator, Sequence

from frontdesk.contract.guardrails import Finding, Text, View
from frontdesk.guardrails.normal import differing
from frontdesk.guardrails.personal.accounts import (
    find_accounts,
    find_business_numbers,
    find_ibans,
    find_named_accounts,
)
from frontdesk.guardrails.personal.births import find_births
from frontdesk.guardrails.personal.cards import find_cards
from frontdesk.guardrails.personal.documents import (
    find_licences,
    find_passports,
    find_social_security,
)
from frontdesk.guardrails.personal.mail import find_mail
from frontdesk.guardrails.personal.phones import find_phones
from frontdesk.guardrails.personal.places import find_addresses, find_hosts
from frontdesk.guardrails.personal.residents import find_residents
from frontdesk.guardrails.personal.spoken import spoken

Finder = Callable[[View], Iterator[Finding]]

_FIGURES = re.compile(r"\d(?:\D{0,6}\d){2}")
# So many marks are taken out of the shortest number whose figures stand apart.
_APART = 5
_MANY = re.compile(r"\d(?:\D{0,6}\d){6}")

REACH = 96
"""The longest finding with the words beside it, in visible characters."""

# Where two claim the same digits, the first is right. These need seven digits or more.
_LONG: Sequence[Finder] = (
    find_residents, find_social_security, find_ibans, find_licences, find_passports,
    find_named_accounts, find_business_numbers, find_phones, find_accounts,
)  # fmt: skip
_SHORT: Sequence[Finder] = (find_births, find_hosts)
_WORDS: Sequence[Finder] = (find_mail, find_addresses)


def find(text: Text) -> Iterator[Finding]:
    """Personal data of every category; findings do not overlap."""
    taken = bytearray(len(text.original))
    for finding in _found(text):
        if not any(taken[finding.start : finding.end]):
            taken[finding.start : finding.end] = b"\1" * (finding.end - finding.start)
            yield finding


def _found(text: Text) -> Iterator[Finding]:
    apart = len(text.folded.text) - len(text.joined.text) >= _APART
    last = text.joined if apart else text.folded
    plain: list[View] = (
        [text.folded, *differing(text.joined, text.folded)] if apart else [text.folded]
    )
    read = spoken(last)
    views = plain if read is last else [*plain, *differing(read, last)]
    few = [view for view in views if _FIGURES.search(view.text)]
    many = [view for view in few if _MANY.search(view.text)]
    for finders, there in (((find_cards,), few), (_LONG, many), (_SHORT, few), (_WORDS, plain)):
        for finder in finders:
            for view in there:
                yield from finder(view)
