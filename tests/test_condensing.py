"""Long messages: what models are shown of them, what that costs, and what history keeps."""

from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.agents.condensing import PIECES, pieces
from frontdesk.assembly import open_desk
from frontdesk.config import Settings
from frontdesk.contract.events import TurnEnded, TurnProgress
from frontdesk.testing import FakeOpenAI, Visitor, status, text, tool_call

LETTER = "The lamp that I bought in May hums. " * 110 + "Could you send me another one?"
PARTS = 5


@pytest.fixture
async def ann(settings: Settings) -> AsyncIterator[Visitor]:
    """A user of a desk at which messages are long soon."""
    async with open_desk(settings.model_copy(update={"long_message_tokens": 500})) as desk:
        yield Visitor(desk, "ann")


def shown(upstream: FakeOpenAI, number: int = -1) -> str:
    return str(upstream.requests[number].body["input"])


async def test_a_long_message_is_condensed_by_the_cheap_model_before_an_agent_sees_it(
    ann: Visitor, upstream: FakeOpenAI, settings: Settings
) -> None:
    upstream.script(*[text("A lamp hums.")] * PARTS, text("Gladly."))
    result = await ann.ask(LETTER)

    assert (result.answer, upstream.calls) == ("Gladly.", PARTS + 1)
    assert "A lamp hums." in shown(upstream)
    assert "Could you send me another one?" in shown(upstream)
    assert len(shown(upstream)) < len(LETTER) / 1.5
    assert {each.body["model"] for each in upstream.requests[:PARTS]} == {settings.triage_model}


async def test_each_piece_is_told_while_it_is_done(ann: Visitor, upstream: FakeOpenAI) -> None:
    upstream.script(*[text("A lamp hums.")] * PARTS, text("Gladly."))
    events = await ann.events(LETTER)

    told = [(each.done, each.total) for each in events if isinstance(each, TurnProgress)]
    assert told == [(number, PARTS) for number in range(1, PARTS + 1)]


async def test_the_receipt_holds_what_condensing_cost(ann: Visitor, upstream: FakeOpenAI) -> None:
    upstream.script(*[text("A lamp hums.")] * PARTS, text("Gladly."))
    receipt = (await ann.ask(LETTER)).receipt

    assert receipt
    assert [(use.agent, use.calls) for use in receipt.by_model] == [
        ("condenser", PARTS),
        ("triage", 1),
    ]
    last = receipt.handlers[-1]
    assert (last.name, last.effect) == ("long_message", "enrich")
    assert "condense" in receipt.stages_ms


async def test_parts_that_are_too_long_together_are_condensed_once_more(
    ann: Visitor, upstream: FakeOpenAI
) -> None:
    upstream.script(*[text("It hums. " * 50)] * PARTS, text("All hum."), text("Gladly."))
    await ann.ask(LETTER)

    assert upstream.calls == PARTS + 2
    assert "All hum." in shown(upstream)


async def test_the_calls_are_bounded_however_long_the_message(
    ann: Visitor, upstream: FakeOpenAI
) -> None:
    upstream.script(*[text("It hums. " * 500)] * (PIECES + 1), text("Gladly."))
    result = await ann.ask(LETTER * 4)

    assert (result.answer, upstream.calls) == ("Gladly.", PIECES + 2)


async def test_history_keeps_the_message_and_models_its_short_form(
    ann: Visitor, upstream: FakeOpenAI
) -> None:
    upstream.script(*[text("A lamp hums.")] * PARTS, text("Gladly."), text("Tomorrow."))
    await ann.ask(LETTER)
    await ann.ask("When?")

    assert [record.user for record in await ann.records()] == [LETTER, "When?"]
    assert "A lamp hums." in shown(upstream)
    assert len(shown(upstream)) < len(LETTER)


@pytest.mark.parametrize("later", [False, True], ids=["in its turn", "in a later turn"])
async def test_an_agent_reads_the_message_by_its_handle(
    ann: Visitor, upstream: FakeOpenAI, later: bool
) -> None:
    turn = "turn_00000000000000aa"
    reads = tool_call("read_result", {"handle": f"{turn}.message", "offset": 3900})
    before = [text("Gladly.")] if later else []
    upstream.script(*[text("A lamp hums.")] * PARTS, *before, reads, text("Read."))
    result = await ann.ask(LETTER, turn_id=turn)
    if later:
        result = await ann.ask("What did I ask for?")

    assert result.answer == "Read."
    assert f'handle="{turn}.message"' in shown(upstream)
    assert LETTER[3900:] in upstream.requests[-1].body["input"][-1]["output"]


async def test_a_short_message_is_left_as_it_is(ann: Visitor, upstream: FakeOpenAI) -> None:
    upstream.script(text("Hello."))
    receipt = (await ann.ask("Hello, my lamp hums.")).receipt

    assert upstream.calls == 1
    assert receipt
    assert "long_message" not in [use.name for use in receipt.handlers]


async def test_condensing_that_fails_ends_the_turn_and_leaves_valid_history(
    ann: Visitor, upstream: FakeOpenAI
) -> None:
    upstream.script(*[status(401)] * PARTS)
    ended = (await ann.events(LETTER))[-1]
    assert isinstance(ended, TurnEnded)
    upstream.reset()
    upstream.script(text("Hello."))
    assert (ended.result.status, (await ann.ask("Hello?")).answer) == ("failed", "Hello.")


@given(st.text(max_size=3000), st.integers(1, PIECES))
def test_the_pieces_are_the_text_and_not_too_many(whole: str, count: int) -> None:
    found = pieces(whole, count)

    assert "".join(found) == whole
    assert len(found) <= count
