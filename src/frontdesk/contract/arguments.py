"""The arguments of a call, a JSON text, changed text by text."""

import json
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

Change = Callable[[str], Awaitable[str]]


async def changed(arguments: str, change: Change) -> str:
    """The arguments, a JSON text, with each text and number in them as `change` makes it, but not
    the keys; what is no JSON is one text.
    """
    try:
        value = json.loads(arguments or "{}")  # as the SDK reads it
    except ValueError:
        return await change(arguments)
    return json.dumps(await _walked(value, change), ensure_ascii=False)


def keys_of(arguments: str) -> tuple[str, ...]:
    """All keys in the arguments, those of objects in objects too."""
    try:
        return tuple(_keys([json.loads(arguments or "{}")]))
    except ValueError:
        return ()


def _keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from value
    for each in value.values() if isinstance(value, dict) else value:
        if isinstance(each, dict | list):
            yield from _keys(each)


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
