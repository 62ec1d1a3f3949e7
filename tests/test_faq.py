"""Curated answers: the file and its errors, hot reload, the source in the answer, and the hits."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path

import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from frontdesk.contract.context import TurnContext
from frontdesk.contract.errors import PluginError
from frontdesk.contract.handlers import Answer, Handler, Outcome, Pass
from frontdesk.contract.messages import Caller, Message
from frontdesk.contract.parts import PluginPlace
from frontdesk.preprocess.faq import FaqHits, Hits, curated, read_faq
from frontdesk.preprocess.faq.shelf import Shelf

HOURS = """\
# Questions

## hours

phrasings: ["When do you open?", "What are your opening hours?"]
tags: early
language: en
valid_from: 2026-01-01

From **ten**.

```
## no heading
```
"""
PARKING = "\n## parking\n\n```yaml\nphrasings:\n  - Where can I park?\n```\nBehind the house.\n"


def written(folder: Path, text: str, name: str = "faq.md") -> Path:
    """A file with this text, newer than the one before."""
    path = folder / name
    before = path.stat().st_mtime_ns if path.exists() else 0
    path.write_text(text, "utf-8")
    os.utime(path, ns=(before + 10**9, before + 10**9))
    return path


def turn(text: str) -> TurnContext:
    """A turn of a user who says this."""
    return TurnContext(Message("turn-1", Caller("acme", "ann"), text), text, "session-1")


@asynccontextmanager
async def handler(path: Path, hits: Hits | None = None) -> AsyncIterator[Handler]:
    """The handler of a FAQ."""
    async with curated(path, hits)(PluginPlace("faq", path.parent)) as parts:
        [one] = parts.handlers
        yield one


async def asked(path: Path, text: str, hits: Hits | None = None) -> Outcome:
    async with handler(path, hits) as one:
        return await one.ask(turn(text))


def test_a_markdown_file_is_read(tmp_path: Path) -> None:
    hours, parking = read_faq(written(tmp_path, HOURS + PARKING))

    assert hours.phrasings == ("When do you open?", "What are your opening hours?")
    assert (hours.tags, hours.language, hours.valid_from) == (("early",), "en", date(2026, 1, 1))
    assert hours.answer == "From **ten**.\n\n```\n## no heading\n```"
    assert (parking.id, parking.answer) == ("parking", "Behind the house.")


def test_a_yaml_file_is_read(tmp_path: Path) -> None:
    text = "- id: hours\n  phrasings: When do you open?\n  answer: |\n    At ten.\n"

    [entry] = read_faq(written(tmp_path, text, "faq.yaml"))

    assert (entry.id, entry.answer) == ("hours", "At ten.")


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (("early", "[early, off]"), "tags must be a list of texts"),
        (("language: en", "language: fr"), "write ko or en"),
        (("2026-01-01", "soon"), "write a day such as 2026-12-24"),
        (("2026-01-01", "2026-02-30"), "its YAML is wrong"),
        (("valid_from:", "valid_until: 2025-01-01\nvalid_from:"), "valid_until is before"),
        (("tags:", "tag:"), "there is no field tag"),
        (("tags: early", "tags: a: b"), "its YAML is wrong in line 2"),
        (("When do you open?", "How are you?"), "names no subject"),
        (("phrasings: ", "answer: "), "phrasings are missing"),
    ],
)
def test_a_wrong_entry_is_named_with_what_to_do(
    tmp_path: Path, change: tuple[str, str], problem: str
) -> None:
    with pytest.raises(PluginError, match=rf"faq\.md, entry hours: .*{problem}"):
        read_faq(written(tmp_path, HOURS.replace(*change)))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "has no entries"),
        ("## a\n\nphrasings: Gift wrapping?\n", "the answer is missing"),
        ("## a\n\nJust text.\n", "below the heading stand its fields"),
        ("## two words\n\nphrasings: Gift?\n\nYes.\n", "letters, digits, _ and -"),
        (HOURS + HOURS, "two entries hours"),
        (HOURS + HOURS.replace("## hours", "## other"), "share the phrasing"),
    ],
)
def test_a_wrong_file_is_refused(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(PluginError, match=problem):
        read_faq(written(tmp_path, text))


def test_one_id_may_have_an_entry_for_each_language_or_season(tmp_path: Path) -> None:
    korean = HOURS.replace("language: en", "language: ko")
    before = HOURS.replace("valid_from: 2026-01-01", "valid_until: 2025-12-31")

    assert len(read_faq(written(tmp_path, HOURS + korean + before))) == 3


def test_a_file_that_is_not_utf_8_or_not_there_is_told(tmp_path: Path) -> None:
    (tmp_path / "latin.md").write_bytes("é".encode("latin-1"))

    with pytest.raises(PluginError, match="not UTF-8"):
        read_faq(tmp_path / "latin.md")
    with pytest.raises(PluginError, match="cannot be read"):
        read_faq(tmp_path / "missing.md")


async def test_the_answer_names_its_source(tmp_path: Path) -> None:
    outcome = await asked(written(tmp_path, PARKING), "where can i park?")

    assert outcome == Answer("Behind the house.\n\n— FAQ: parking")


async def test_what_the_faq_does_not_know_passes(tmp_path: Path) -> None:
    assert await asked(written(tmp_path, PARKING), "Where is my order?") == Pass()


async def test_a_missing_file_refuses_the_plugin(tmp_path: Path) -> None:
    with pytest.raises(PluginError, match="cannot be read"):
        await asked(tmp_path / "faq.md", "hello")


async def test_a_change_is_read_without_a_restart(tmp_path: Path) -> None:
    shelf = Shelf(written(tmp_path, HOURS), check_s=0)
    await shelf.open()
    written(tmp_path, PARKING)

    assert [entry.id for entry in (await shelf.matcher()).entries] == ["parking"]


async def test_a_broken_edit_keeps_the_old_version_and_is_told_once(tmp_path: Path) -> None:
    shelf = Shelf(written(tmp_path, HOURS), check_s=0)
    await shelf.open()
    before = await shelf.matcher()
    written(tmp_path, "## parking\n")
    with capture_logs() as logs:
        after = [await shelf.matcher(), await shelf.matcher()]

    assert after == [before, before]
    assert [each["event"] for each in logs] == ["faq.refused"]
    assert "entry parking" in logs[0]["cause"]


async def test_a_file_that_comes_back_is_read_again(tmp_path: Path) -> None:
    shelf = Shelf(written(tmp_path, HOURS), check_s=0)
    await shelf.open()
    (tmp_path / "faq.md").unlink()
    with capture_logs():
        await shelf.matcher()
    written(tmp_path, PARKING)

    assert [entry.id for entry in (await shelf.matcher()).entries] == ["parking"]


async def test_the_file_is_not_looked_at_for_every_message(tmp_path: Path) -> None:
    shelf = Shelf(written(tmp_path, HOURS), check_s=3600)
    await shelf.open()
    before = await shelf.matcher()
    written(tmp_path, PARKING)

    assert await shelf.matcher() is before


async def test_hits_are_counted_by_entry(tmp_path: Path, redis: Redis) -> None:
    hits = FaqHits(redis)
    async with handler(written(tmp_path, HOURS + PARKING), hits.count) as one:
        for text in ("Where can I park?", "When do you open?", "where can i park", "Hello"):
            await one.ask(turn(text))

    assert await hits.read() == {"parking": 2, "hours": 1}


async def test_a_counter_that_fails_costs_no_answer(tmp_path: Path) -> None:
    async def broken(_entry_id: str) -> None:
        raise ConnectionError("refused")

    with capture_logs() as logs:
        outcome = await asked(written(tmp_path, PARKING), "Where can I park?", broken)

    assert isinstance(outcome, Answer)
    assert [(each["event"], each["error"]) for each in logs] == [
        ("faq.not_counted", "ConnectionError")
    ]


async def test_nobody_waits_for_a_counter(tmp_path: Path) -> None:
    counted = asyncio.Event()

    async def slow(_entry_id: str) -> None:
        await counted.wait()

    async with handler(written(tmp_path, PARKING), slow) as one:
        assert isinstance(await one.ask(turn("Where can I park?")), Answer)
        counted.set()
