"""Redacted values in a call's arguments, put back for tools that need them."""

import re

from frontdesk.contract.context import TurnContext

PLACEHOLDER = re.compile(r"\[[A-Z_]+_\d+\]")


class ValueGone(Exception):
    """The value behind a placeholder is not known any more: vaults live as long as their turn."""


def restored(text: str, context: TurnContext) -> str:
    """The text with the values of this turn's vault in the place of their placeholders.

    Raises:
        ValueGone: it holds a placeholder of this conversation whose value is not there.
    """
    values = {placeholder: value for (_, value), placeholder in context.ledger.vault.items()}

    def value_of(found: re.Match[str]) -> str:
        placeholder = found[0]
        said = (context.text, *(record.user for record in context.history))
        if placeholder not in values and any(placeholder in each for each in said):
            raise ValueGone(placeholder)
        return values.get(placeholder, placeholder)

    return PLACEHOLDER.sub(value_of, text)
