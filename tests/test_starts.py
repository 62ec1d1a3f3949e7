"""Searches that start only where something can be found."""

import re
from pathlib import Path

import pytest
import yaml

from frontdesk.guardrails.starting import Starting
from training.starts import GUARDRAILS, begin, starts


@pytest.mark.parametrize("folder", ["abuse", "injection"])
def test_the_starts_are_those_of_the_lists(folder: str) -> None:
    text = Path(GUARDRAILS, folder, "starts.yaml").read_text("utf-8")

    assert yaml.safe_load(text) == starts()[folder], "run python -m training.starts"


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("ab|cd", "cd"),
        ("a?bc", "bc"),
        ("[ab]{1,8}c", "aac"),
        (r"(?<!x)\s{0,3}(?:le|la) monde", "le monde"),
        ("f[^\\w\\s]{0,2}u", "f-u"),
        ("가(?:나|다라)", "가다라"),
    ],
)
def test_what_a_pattern_finds_begins_as_is_said(pattern: str, text: str) -> None:
    assert re.match(pattern, text)
    assert re.compile(begin(pattern, 3), re.DOTALL).match(text)


def test_what_begins_within_the_letters_of_another_beginning_is_found() -> None:
    pattern = "i have|hope so"

    found = Starting.of(begin(pattern, 3), pattern).finditer("i hope so")

    assert [match.group() for match in found] == ["hope so"]
