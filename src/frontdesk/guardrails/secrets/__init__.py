"""What opens something for whoever holds it, and requests to be told such a thing."""

from collections.abc import Iterator

from frontdesk.contract.guardrails import Finding, Text
from frontdesk.guardrails.normal import differing
from frontdesk.guardrails.secrets.keys import find_keys, find_named_keys, find_urls
from frontdesk.guardrails.secrets.passwords import find_codes, find_passwords
from frontdesk.guardrails.secrets.requests import find_requests
from frontdesk.guardrails.secrets.seeds import find_seeds

REACH = 128
"""From here on in visible characters a secret is recognised, with the words before it; a longer one
is found by its beginning.
"""

_FINDERS = (
    find_keys,
    find_urls,
    find_codes,
    find_passwords,
    find_named_keys,
    find_seeds,
    find_requests,
)


def find(text: Text) -> Iterator[Finding]:
    """Secrets of every category; a requirement or question about one is none."""
    apart = () if text.joined is text.folded else differing(text.joined, text.folded)
    views = [text.folded, *apart]
    found = (finding for finder in _FINDERS for view in views for finding in finder(view))
    yield from dict.fromkeys(found)
