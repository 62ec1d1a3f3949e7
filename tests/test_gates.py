"""A quick look over a text says which searches can find nothing in it."""

import re
from pathlib import Path
from types import ModuleType

import pytest
import yaml
from tests.guard_rows import rows
from tests.synthetic import filled

from frontdesk.guardrails import personal, secrets
from frontdesk.guardrails.alternatives import Alternatives
from frontdesk.guardrails.gates import Gates, gates
from frontdesk.guardrails.normal import Normal
from training.gates import GUARDRAILS, first, relaxed
from training.gates import gates as made


@pytest.mark.parametrize("folder", ["abuse", "injection", "personal", "secrets"])
def test_the_gates_are_those_of_the_searches(folder: str) -> None:
    text = Path(GUARDRAILS, folder, "gates.yaml").read_text("utf-8")

    assert yaml.safe_load(text) == made()[folder], "run python -m training.gates"


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("ab|cd", "cd"),
        ("a?bc", "bc"),
        ("[ab]{1,8}c", "aac"),
        (r"(?<!x)\s{0,3}(?:le|la)\smonde", "le\u3000monde"),
        (r"f[^\w\s]{0,2}u(?!g)", "f·-u"),
        (r"(\d)-\1", "4-4"),
        (r"\W나[^\d가]", "…나다"),
        ("가(?:나|다라)$", "가다라"),
        (r"\d{6}[\-_]?\d{7}(?!\d)", "1234561234567"),
    ],
)
def test_what_a_pattern_finds_opens_its_gate(pattern: str, text: str) -> None:
    assert re.search(pattern, text)
    assert Gates({"it": [[relaxed(pattern)]]}).open(f"x {text} x") == {"it"}
    assert re.match(f"{first(pattern)}", text)


def test_all_patterns_of_one_way_open_a_gate() -> None:
    gate = Gates({"one": [["a", "b"], ["c"]], "other": [["d"]]})

    assert [set(gate.open(text)) for text in ("a", "ba", "xc", "dc")] == [
        set(), {"one"}, {"one"}, {"one", "other"},
    ]  # fmt: skip


def test_every_gate_is_open_where_a_text_cannot_be_scanned() -> None:
    assert Gates({"one": [["a"]]}).open("half a pair \ud800") == {"one"}


@pytest.mark.parametrize("family", [personal, secrets])
def test_what_a_search_finds_opens_its_gate(family: ModuleType) -> None:
    gate = gates(family.__name__.rpartition(".")[2])
    names = [f"{kind}_{language}" for kind in ("personal", "secrets") for language in ("ko", "en")]
    views = [Normal(filled(row.text)).joined for name in names for row in rows(name)]

    closed = [
        (search.name, view.text)
        for search in family.SEARCHES
        for view in views
        if any(search.find(view)) and search.name not in gate.open(view.text)
    ]
    assert closed == []


def test_at_each_place_the_first_of_alternatives_is_found() -> None:
    patterns = ["i have", "(?:i )?hope so", "hope"]
    every = Alternatives(patterns, [(relaxed(each), first(each)) for each in patterns])

    assert [match.group() for match in every.finditer("i hope so")] == ["i hope so", "hope so"]
