"""Whose words they are: what an answer may repeat because its reader wrote or was told it."""

import re
import unicodedata
from collections.abc import Iterator, Sequence

from frontdesk.contract.context import Ledger, TurnContext

PERSONAL = frozenset(
    {"resident_number", "foreigner_number", "passport", "licence", "ssn", "card", "phone", "email"}
    | {"account", "iban", "address", "birth_date", "ip", "business_number"}
)
"""The categories of personal data: they may be shown to whom they belong."""

_WORD = re.compile(r"[^\W_]")


def theirs(context: TurnContext) -> Iterator[str]:
    """What this user wrote, now and before, as it was before redaction where that is known, and
    what the user was told before.
    """
    yield context.text
    yield from (value for _, value in context.ledger.vault)
    yield from (fact.text for fact in context.user_facts)
    for record in context.history:
        yield from (record.user, record.answer)


class Known:
    """The texts that answers of a turn may repeat personal data from: those of the ledger, to which
    tools add what they return, and the desk's `own`.

    A link may be repeated when it stands there as it is: nothing of the conversation is in it then.
    An image may not: it is fetched without being asked for.
    """

    def __init__(self, ledger: Ledger, own: Sequence[str] = ()) -> None:
        self._ledger, self._own = ledger, own

    def covers(self, category: str, value: str) -> bool:
        """Whether this value was given, however it was written."""
        if category == "link":
            return not value.startswith("!") and any(_linked(value, text) for text in self._texts())
        if category not in PERSONAL or not (pattern := _spelled(value)):
            return False
        return any(pattern.search(_plain(text)) for text in self._texts())

    def _texts(self) -> Iterator[str]:
        yield from self._ledger.given
        yield from self._own


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _linked(link: str, text: str) -> bool:
    """Whether the link stands in the text, and not as the beginning of a longer one."""
    at = text.find(link)
    while at >= 0:
        following = text[at + len(link) : at + len(link) + 1]
        if not following.isascii() or not (following.isalnum() or following in "/?#&=%-_~+:@"):
            return True
        at = text.find(link, at + 1)
    return False


def _spelled(value: str) -> re.Pattern[str] | None:
    """The value with whatever people write between its letters and digits, and not as a part of
    something longer.
    """
    chars = _WORD.findall(_plain(value))
    if not chars:
        return None
    before = "(?<![a-z0-9])" if chars[0].isascii() else ""
    after = "(?![a-z0-9])" if chars[-1].isascii() else ""
    return re.compile(before + r"[\W_]{0,3}".join(chars) + after)
