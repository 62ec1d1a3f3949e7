"""What says who somebody is: numbers given to people, and how to reach or find them."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from frontdesk.contract.guardrails import Finding, Text, View
from frontdesk.guardrails.gates import Search, Ways, gates
from frontdesk.guardrails.normal import differing
from frontdesk.guardrails.personal import spoken
from frontdesk.guardrails.personal.accounts import (
    find_accounts,
    find_business_numbers,
    find_ibans,
    find_named_accounts,
)
from frontdesk.guardrails.personal.births import find_births
from frontdesk.guardrails.personal.cards import find_cards, find_parted_cards
from frontdesk.guardrails.personal.documents import (
    find_licences,
    find_parted_social_security,
    find_passports,
    find_social_security,
)
from frontdesk.guardrails.personal.mail import find_mail
from frontdesk.guardrails.personal.phones import (
    find_american_phones,
    find_british_phones,
    find_lines,
    find_mobiles,
    find_named_phones,
    find_phones_abroad,
)
from frontdesk.guardrails.personal.places import (
    find_american_addresses,
    find_hosts,
    find_korean_addresses,
    find_other_addresses,
)
from frontdesk.guardrails.personal.residents import find_residents

# So many marks are taken out of the shortest number whose figures stand apart.
_APART = 5
_FEW, _MANY = (re.compile(rf"\d(?:\D{{0,6}}\d){{{more}}}") for more in (2, 6))

REACH = 96
"""The longest finding with the words beside it, in visible characters."""

# Where two claim the same digits, the first is right. These need seven digits or more.
_LONG: Sequence[Search] = (
    find_parted_cards, find_residents, find_social_security, find_ibans, find_licences,
    find_passports, find_named_accounts, find_business_numbers, find_mobiles, find_lines,
    find_american_phones, find_phones_abroad, find_british_phones, find_named_phones, find_accounts,
)  # fmt: skip
_SHORT: Sequence[Search] = (find_parted_social_security, find_births, find_hosts)
_WORDS: Sequence[Search] = (
    find_mail, find_korean_addresses, find_american_addresses, find_other_addresses,
)  # fmt: skip

SEARCHES: Sequence[Search] = (find_cards, *_LONG, *_SHORT, *_WORDS)
WAYS: Mapping[str, Ways] = {
    **spoken.WAYS,
    **{each.name: each.ways for each in SEARCHES},
}
"""What must be in a text for each search."""


@dataclass(frozen=True, slots=True)
class _Place:
    """A view, and the names of the searches that may find something there."""

    view: View
    open: Collection[str]

    def with_figures(self, pattern: re.Pattern[str]) -> bool:
        """Whether figures enough stand together."""
        return bool(self.open and pattern.search(self.view.text))


def find(text: Text) -> Iterator[Finding]:
    """Personal data of every category; findings do not overlap."""
    taken = bytearray(len(text.original))
    for finding in _found(text):
        if not any(taken[finding.start : finding.end]):
            taken[finding.start : finding.end] = b"\1" * (finding.end - finding.start)
            yield finding


def _found(text: Text) -> Iterator[Finding]:
    plain, read = _places(text)
    few = [place for place in (*plain, *read) if place.with_figures(_FEW)]
    many = [place for place in few if place.with_figures(_MANY)]
    for searches, there in (((find_cards,), few), (_LONG, many), (_SHORT, few), (_WORDS, plain)):
        for each in searches:
            for place in there:
                if each.name in place.open:
                    yield from each.find(place.view)


def _places(text: Text) -> tuple[list[_Place], list[_Place]]:
    """The views as they are, and those in which digits that are spoken are figures."""
    apart = len(text.folded.text) - len(text.joined.text) >= _APART
    views = [text.folded, *(differing(text.joined, text.folded) if apart else ())]
    plain = [_place(view) for view in views]
    last = plain[0] if not apart else _place(text.joined)
    if spoken.WAYS.keys().isdisjoint(last.open):
        return plain, []
    read = spoken.digits(last.view, last.open)
    return plain, [_place(view) for view in differing(read, last.view)]


def _place(view: View) -> _Place:
    return _Place(view, gates("personal").open(view.text))
