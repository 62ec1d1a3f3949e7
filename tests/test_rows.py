"""The development rows: what personal data and secrets must be found in, and what must pass."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.synthetic import filled

from frontdesk.contract.guardrails import Text
from frontdesk.guardrails import personal, secrets
from frontdesk.guardrails.encoded import decoded, seen_through
from frontdesk.guardrails.normal import Normal

FINDERS = (seen_through(personal.find), seen_through(secrets.find))
PUBLIC = {"business_number"}  # the default policy allows it


def rows(*names: str) -> Iterator[dict[str, Any]]:
    for name in names:
        path = Path(__file__).parent / "rows" / f"{name}.jsonl"
        yield from map(json.loads, path.read_text(encoding="utf-8").splitlines())


ROWS = list(rows("personal_ko", "personal_en", "secrets_ko", "secrets_en"))


def categories(text: Text) -> set[str]:
    return {finding.category for find in FINDERS for finding in find(text)}


@pytest.mark.parametrize("language", ["ko", "en"])
def test_what_must_be_found_in_our_own_rows_is_found(language: str) -> None:
    wanted = [row for row in ROWS if row["category"] and row["language"] == language]
    missed = [r for r in wanted if r["category"] not in categories(Normal(filled(r["text"])))]
    assert len(wanted) > 100
    assert missed == []


@pytest.mark.parametrize("language", ["ko", "en"])
def test_the_innocent_rows_of_our_own_pass(language: str) -> None:
    innocent = [row for row in ROWS if not row["category"] and row["language"] == language]
    stopped = [row for row in innocent if categories(Normal(filled(row["text"]))) - PUBLIC]
    assert len(innocent) >= 0.4 * sum(row["language"] == language for row in ROWS)
    assert stopped == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("call ４１５－５５５－０１３４ now", "４１５－５５５－０１３４"),
        ("mail: ja\u200bne@host.org, ok?", "ja\u200bne@host.org"),
        ("번호는 공일공 일이삼사 오육칠팔이에요", "공일공 일이삼사 오육칠팔"),
        ("0 1 0 - 2 3 4 5 - 6 7 8 9 요", "0 1 0 - 2 3 4 5 - 6 7 8 9"),
    ],
)
def test_a_finding_covers_the_value_as_it_was_written(text: str, found: str) -> None:
    [finding] = personal.find(Normal(text))
    assert text[finding.start : finding.end] == found


def test_what_is_hidden_twice_is_read() -> None:
    once = "QXNrIGFnYWluIHRvbW9ycm93"  # Ask again tomorrow
    twice = "UVhOcklHRm5ZV2x1SUhSdmJXOXljbTkz"
    assert [said for said, _, _ in decoded(f"see {once}")] == ["Ask again tomorrow"]
    assert ("Ask again tomorrow", 4, 36) in list(decoded(f"see {twice}"))


def test_a_hash_hides_no_text() -> None:
    assert list(decoded("commit 9fceb02d0ae598e95dc970b74767f19372d61af8 by a gur")) == []


def test_a_finding_in_a_payload_covers_the_payload() -> None:
    text = filled("take {card:base64} please")
    [finding] = seen_through(personal.find)(Normal(text))
    assert (finding.category, finding.start, finding.end) == ("card", 5, len(text) - 7)
