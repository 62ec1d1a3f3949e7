"""`frontdesk faq`: what is in the file, and how often it has answered."""

import json
from pathlib import Path

import pytest

from frontdesk.cli.commands import main

ENTRY = """\
## parking

```yaml
phrasings:
  - Where can I park?
  - Do you have parking?
```

Behind the house.
"""


@pytest.fixture
def faq(tmp_path: Path) -> Path:
    path = tmp_path / "faq.md"
    path.write_text(ENTRY, encoding="utf-8")
    return path


def test_entries_are_listed_with_their_hits(faq: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["faq", "list", "--file", str(faq), "--json"])
    assert not ended.value.code
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["id"], row["hits"]) == ("parking", 0)


def test_without_a_file_it_says_what_to_set(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["faq", "list"])
    assert ended.value.code == 1
    assert "FRONTDESK_FAQ" in capsys.readouterr().err
