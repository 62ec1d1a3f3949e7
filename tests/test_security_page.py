"""docs/security.md names, for each threat, tests that exist."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROW = re.compile(r"^\| (T\d+) \|(.+)$", re.MULTILINE)
NAMED = re.compile(r"`(test_\w+)\.(test_\w+)`")


def rows() -> dict[str, str]:
    return dict(ROW.findall((ROOT / "docs/security.md").read_text(encoding="utf-8")))


def functions_of(module: str) -> set[str]:
    tree = ast.parse((ROOT / "tests" / f"{module}.py").read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.AsyncFunctionDef)} | {
        node.name for node in tree.body if isinstance(node, ast.FunctionDef)
    }


@pytest.mark.parametrize("threat", [f"T{number:02}" for number in range(1, 11)])
def test_each_threat_to_isolation_and_access_names_its_tests(threat: str) -> None:
    assert NAMED.findall(rows()[threat])


@pytest.mark.parametrize("threat", rows())
def test_the_tests_that_are_named_exist(threat: str) -> None:
    named = NAMED.findall(rows()[threat])
    assert [f"{m}.{t}" for m, t in named if t not in functions_of(m)] == []
