"""The writer of a turn's events: what it gathers, when it writes, whom it holds up."""

from collections.abc import AsyncIterator, Sequence

import pytest
from tests.turns import delta, until

from frontdesk.contract.errors import (
    StoreUnavailable,
)
from frontdesk.contract.events import (
    TextDelta,
    ToolCalled,
    TurnCreated,
)
from frontdesk.sessions.codec import load_event
from frontdesk.sessions.log import Entry, EventWriter
from frontdesk.sessions.tasks import Tasks


class Paper:
    """What a writer wrote, page by page; it can be told to refuse."""

    def __init__(self) -> None:
        self.pages: list[list[str]] = []
        self.refusal: Exception | None = None

    async def write(self, entries: Sequence[Entry]) -> None:
        if self.refusal:
            raise self.refusal
        self.pages.append([f"{number} {kind}" for number, kind, _ in entries])


@pytest.fixture
async def paper() -> AsyncIterator[tuple[Paper, EventWriter]]:
    paper, tasks = Paper(), Tasks()
    yield paper, EventWriter(paper.write, tasks, eager=True)
    await tasks.settle(1)


async def test_the_first_text_leaves_at_once(paper: tuple[Paper, EventWriter]) -> None:
    page, writer = paper
    await writer.put(TurnCreated("turn_a", "sess_a"))
    await writer.put(delta("a"))
    await writer.put(delta("b"))
    assert page.pages == [["1 turn.created", "2 text.delta"]]


async def test_text_that_comes_together_is_one_event(paper: tuple[Paper, EventWriter]) -> None:
    page, writer = paper
    for piece in ("a", "b", "c"):
        await writer.put(delta(piece))
    await writer.put(delta("next", 1))
    await until(lambda: len(page.pages) == 2)
    assert page.pages == [["1 text.delta"], ["2 text.delta", "3 text.delta"]]


async def test_a_quick_turn_writes_nothing_before_its_commit(
    paper: tuple[Paper, EventWriter],
) -> None:
    page, writer = paper
    await writer.put(TurnCreated("turn_a", "sess_a"))
    unwritten = writer.take()
    assert [entry[:2] for entry in unwritten.entries] == [(1, "turn.created")]
    assert (unwritten.following, page.pages) == (2, [])


async def test_long_text_is_cut_between_characters(paper: tuple[Paper, EventWriter]) -> None:
    _, writer = paper
    await writer.put(delta("가" * 2000))
    await writer.put(delta("나" * 2000))
    data = [entry[2] for entry in writer.take().entries]
    assert len(data) == 3
    assert all(len(event.text.encode()) <= 2048 for event in map(_text, data))


def _text(data: bytes) -> TextDelta:
    event = load_event("text.delta", data)
    assert isinstance(event, TextDelta)
    return event


async def test_a_writer_that_is_not_read_off_stops_its_source(
    paper: tuple[Paper, EventWriter], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("frontdesk.sessions.connection.PATIENCE_S", 0.1)
    page, writer = paper
    page.refusal = StoreUnavailable("away")
    with pytest.raises(StoreUnavailable):
        await _put_many(writer, 1000)
    assert len(writer.take().entries) < 100


async def _put_many(writer: EventWriter, count: int) -> None:
    for number in range(count):
        await writer.put(ToolCalled("turn_a", "clock", str(number)))


async def test_what_could_not_be_written_is_written_later(
    paper: tuple[Paper, EventWriter],
) -> None:
    page, writer = paper
    page.refusal = StoreUnavailable("away")
    await writer.put(delta("a"))
    page.refusal = None
    await writer.put(ToolCalled("turn_a", "clock", "c"))
    await until(lambda: page.pages)
    assert page.pages == [["1 text.delta", "2 tool.called"]]
