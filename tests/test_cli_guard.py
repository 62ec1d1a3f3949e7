"""`frontdesk guard`: one text tried, many measured, the policies printed."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from frontdesk.cli.commands import main

ROWS: tuple[dict[str, Any], ...] = (
    {"text": "제 비밀번호는요", "language": "ko", "category": "blocklist"},
    {"text": "비 밀 번 호 뭐예요", "language": "ko", "category": "competitor", "form": "spaced"},
    {"text": "주민번호 얘기", "language": "ko", "category": None},
    {"text": "Good morning", "language": "en", "category": None},
)


def guard(*arguments: str) -> int:
    """Runs the command and gives its exit code."""
    with pytest.raises(SystemExit) as ended:
        main(["guard", *arguments])
    return int(ended.value.code or 0)


@pytest.fixture
def rows(tmp_path: Path) -> str:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS), "utf-8")
    return str(path)


def test_a_text_is_shown_with_verdict_span_and_spelling(capsys: pytest.CaptureFixture[str]) -> None:
    assert guard("check", "내 비\u200b밀번호", "--policy", "words") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["verdict", "block"]
    assert lines[1].startswith("answer      죄송")
    assert lines[2].split() == ["normalised", "내", "비밀번호"]
    assert lines[-1].split()[:3] == ["blocklist", "block", "2-7"]


def test_an_innocent_text_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    guard("check", "When do you open?", "--json")
    seen = json.loads(capsys.readouterr().out)
    assert (seen["action"], seen["text"], seen["rulings"]) == ("allow", "When do you open?", [])


def test_a_text_is_tried_under_a_policy_of_ones_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('[tenants.acme]\nblocked_words = ["heron"]\n', "utf-8")
    guard("check", "a heron", "--policy", str(path), "--tenant", "acme", "--stage", "output")
    assert "verdict     block" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("check", "hello", "--stage", "exit"), "there are: input, tool, output"),
        (("check", "hello", "--policy", "none.toml"), "cannot be read"),
        (("policy", "lax"), "there are: default, words"),
    ],
)
def test_what_does_not_exist_is_refused(
    arguments: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert guard(*arguments) == 1
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("name", ["default", "words"])
def test_a_policy_is_printed_to_begin_ones_own_with(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    guard("policy", name)
    assert "blocked_words" in tomllib.loads(capsys.readouterr().out)


def test_rows_are_measured_by_category_and_language(
    rows: str, capsys: pytest.CaptureFixture[str]
) -> None:
    guard("eval", rows, "--policy", "words", "--json")
    scores = {each["category"]: each for each in json.loads(capsys.readouterr().out)["scores"]}
    own = scores["blocklist"]
    assert (own["rows"], own["found"], own["recall"]) == (1, 1, "1.000")
    assert (own["false"], own["precision"]) == (1, "0.500")
    assert scores["competitor"]["recall"] == "0.000"


def test_what_went_wrong_is_listed(rows: str, capsys: pytest.CaptureFixture[str]) -> None:
    guard("eval", rows, "--policy", "words")
    *_, missed, false = capsys.readouterr().out.splitlines()
    assert missed.startswith("2: missed: competitor · [ko spaced input]")
    assert false.startswith("3: false stop: blocklist · [ko plain input]")


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        ((), 0),
        (("--min-recall", "0.5", "--max-false-stops", "0.5"), 0),
        (("--min-recall", "0.6"), 1),
        (("--max-false-stops", "0.4"), 1),
    ],
)
def test_the_exit_code_says_whether_the_limits_hold(
    rows: str, limits: tuple[str, ...], code: int
) -> None:
    assert guard("eval", rows, "--policy", "words", *limits) == code


def test_a_line_that_is_no_row_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"text": "hello", "language": "fr", "category": null}\n', "utf-8")
    assert guard("eval", str(path)) == 1
    assert "Line 1 is no row: language" in capsys.readouterr().err
