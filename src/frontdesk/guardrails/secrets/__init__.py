"""What opens something for whoever holds it, and requests to be told such a thing."""

from collections.abc import Iterator, Mapping

from frontdesk.contract.guardrails import Finding, Text
from frontdesk.guardrails.gates import Ways, gates
from frontdesk.guardrails.normal import differing
from frontdesk.guardrails.secrets.keys import (
    find_broken_keys,
    find_keys,
    find_named_keys,
    find_urls,
)
from frontdesk.guardrails.secrets.passwords import find_codes, find_passwords
from frontdesk.guardrails.secrets.requests import find_requests
from frontdesk.guardrails.secrets.seeds import find_seeds
from frontdesk.guardrails.secrets.spelled import find_spelled_codes, find_spelled_passwords

REACH = 128
"""From here on in visible characters a secret is recognised, with the words before it; a longer one
is found by its beginning.
"""

SEARCHES = (
    find_keys,
    find_urls,
    find_codes,
    find_passwords,
    find_named_keys,
    find_broken_keys,
    find_spelled_passwords,
    find_spelled_codes,
    find_seeds,
    find_requests,
)

WAYS: Mapping[str, Ways] = {each.name: each.ways for each in SEARCHES}
"""What must be in a text for each search."""


def find(text: Text) -> Iterator[Finding]:
    """Secrets of every category; a requirement or question about one is none."""
    apart = () if text.joined is text.folded else differing(text.joined, text.folded)
    views = [text.folded, *apart]
    places = [(view, gates("secrets").open(view.text)) for view in views]
    found = (
        finding
        for each in SEARCHES
        for view, there in places
        if each.name in there
        for finding in each.find(view)
    )
    yield from dict.fromkeys(found)
