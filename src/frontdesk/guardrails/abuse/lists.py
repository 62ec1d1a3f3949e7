"""The word lists that ship with the package."""

from importlib.resources import files
from typing import Any

import yaml


def read(name: str) -> dict[str, Any]:
    """One file of lists, as it is; its comments say what the lists are."""
    text = files("frontdesk.guardrails.abuse").joinpath(f"{name}.yaml").read_text("utf-8")
    lists: dict[str, Any] = yaml.safe_load(text)
    return lists
