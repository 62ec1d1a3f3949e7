"""Reading the specialists of a plugin: their prompt files, and what could not work."""

import inspect
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from frontdesk.contract.errors import PluginError
from frontdesk.contract.parts import Parts, Plugin, Specialist

Refuse = Callable[[str], None]
"""Told of each part that cannot be used, and why."""


def with_specialists(plugin: Plugin, parts: Parts, refuse: Refuse) -> Parts:
    """The parts with the specialists' prompts in place; one that could not work is left out."""
    home = _home(plugin)
    triage = (parts.triage,) if parts.triage else ()
    return replace(
        parts,
        specialists=tuple(_readable(home, parts.specialists, refuse)),
        triage=next(_readable(home, triage, refuse), None),
    )


def _readable(
    home: Path, specialists: Iterable[Specialist], refuse: Refuse
) -> Iterator[Specialist]:
    for each in specialists:
        try:
            yield _read(home, each)
        except PluginError as error:
            refuse(error.detail)


def _home(plugin: Plugin) -> Path:
    """The folder of the module that the plugin stands in."""
    made = inspect.unwrap(plugin)
    try:
        return Path(inspect.getfile(made)).parent
    except TypeError:  # an object that is called: its class stands in a file
        return Path(inspect.getfile(type(made))).parent


def _read(home: Path, specialist: Specialist) -> Specialist:
    """The specialist with its prompt.

    Raises:
        PluginError: there is no prompt, or one of its routes is no regular expression.
    """
    _check_routes(specialist)
    if not specialist.prompt_file:
        prompt = specialist.prompt
        where = "it has neither `prompt` nor `prompt_file`"
    else:
        path = home / specialist.prompt_file
        prompt, where = _text(path, specialist.name), f"its prompt file {path} is empty"
    if not prompt.strip():
        raise PluginError(f"its specialist {specialist.name} is left out: {where}")
    return replace(specialist, prompt=prompt)


def _text(path: Path, name: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        cause = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise PluginError(
            f"its specialist {name} is left out: its prompt file {path} cannot be read: {cause}"
        ) from None


def _check_routes(specialist: Specialist) -> None:
    for route in specialist.routes:
        try:
            re.compile(route, re.IGNORECASE)
        except re.error as error:
            raise PluginError(
                f"its specialist {specialist.name} is left out: its route {route!r} is no regular "
                f"expression: {error}"
            ) from None
