"""What a model calls a tool with, checked; redacted values put back for tools that need them."""

import json
import re
from collections.abc import Awaitable, Callable
from typing import Any

from frontdesk.contract.context import TurnContext

PLACEHOLDER = re.compile(r"\[[A-Z_]+_\d+\]")
Change = Callable[[str], Awaitable[str]]


class ValueGone(Exception):
    """The value behind a placeholder is not known any more: vaults live as long as their turn."""


async def changed(arguments: str, change: Change) -> str:
    """The arguments, a JSON text, with each text and number in them as `change` makes it, but not
    the keys; what is no JSON is one text.
    """
    try:
        value = json.loads(arguments or "{}")  # as the SDK reads it
    except ValueError:
        return await change(arguments)
    return json.dumps(await _walked(value, change), ensure_ascii=False)


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


async def _walked(value: Any, change: Change) -> Any:
    if isinstance(value, str):
        return await change(value)
    if isinstance(value, list):
        return [await _walked(each, change) for each in value]
    if isinstance(value, dict):
        return {key: await _walked(each, change) for key, each in value.items()}
    if isinstance(value, int | float) and not isinstance(value, bool):
        text = json.dumps(value)
        shown = await change(text)
        return value if shown == text else shown
    return value
