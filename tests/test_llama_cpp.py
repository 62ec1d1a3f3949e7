"""What llama.cpp's server does otherwise than OpenAI's, as `make real-model` met it."""

from agents import RawResponsesStreamEvent
from openai.types.responses import (
    Response,
    ResponseCompletedEvent,
    ResponseOutputMessage,
    ResponseOutputText,
    ResponseTextDeltaEvent,
)

from frontdesk.agents.narration import Narration
from frontdesk.contract.events import TextDelta
from frontdesk.testing import FakeOpenAI, Visitor


def piece(text: str) -> RawResponsesStreamEvent:
    """A piece as llama.cpp sends it: without the place of its message in the answer."""
    return RawResponsesStreamEvent(data=ResponseTextDeltaEvent.construct(delta=text, item_id="m"))


def completed(text: str) -> RawResponsesStreamEvent:
    said = ResponseOutputText.construct(type="output_text", text=text)
    message = ResponseOutputMessage.construct(id="m", content=[said])
    response = Response.construct(output=[message])
    return RawResponsesStreamEvent(data=ResponseCompletedEvent.construct(response=response))


def test_an_answer_whose_pieces_have_no_place_is_told_once() -> None:
    narration = Narration("turn_1", "triage", {})
    happened = [piece("Hello "), piece("you."), completed("Hello you.")] * 2
    told = [event for each in happened for event in narration.tell(each)]
    assert told == [
        TextDelta("turn_1", text, message) for message in (0, 1) for text in ("Hello ", "you.")
    ]


async def test_an_assistants_message_is_sent_with_its_type(
    ann: Visitor, upstream: FakeOpenAI
) -> None:
    await ann.ask("Good morning to you")
    await ann.ask("And good evening")
    sent = upstream.requests[-1].body["input"]
    assert [item.get("type") for item in sent if item["role"] == "assistant"] == ["message"]
