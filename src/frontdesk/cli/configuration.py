"""Writes `docs/configuration.md` from the settings: `python -m frontdesk.cli.configuration`."""

import sys
from typing import Literal, get_args, get_origin

from frontdesk.config import Settings, variables

HEAD = """# Settings

Every setting is an environment variable, or a line of `.env` in the folder in which frontdesk
starts (the environment wins). They are read once, at the start; a wrong one is named, and frontdesk
does not start. Names that end in `_S` are times in seconds. This page is made from `config/` by
`make docs`.

| variable | default | what it is |
| --- | --- | --- |
"""


def page() -> str:
    """The page, as Markdown."""
    return HEAD + "".join(_row(name, variable) for name, variable in variables().items())


def _row(name: str, variable: str) -> str:
    field = Settings.model_fields[name]
    default = "-" if field.default is None else f"`{field.default}`"
    choices = " or ".join(f"`{choice}`" for choice in _choices(field.annotation))
    return f"| `{variable}` | {default} | {field.description}{choices and f' {choices}.'} |\n"


def _choices(kind: object) -> tuple[object, ...]:
    return get_args(kind) if get_origin(kind) is Literal else ()


if __name__ == "__main__":
    sys.stdout.write(page())
