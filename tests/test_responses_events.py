"""The events of a response: OpenAI's order, one number each, the same live and afterwards."""

from typing import Any

import pytest
from openai import omit
from openai.lib.streaming.responses._responses import ResponseStreamState
from openai.types.responses import ResponseStreamEvent
from pydantic import TypeAdapter
from tests.turns import receipt

from frontdesk.contract.errors import UpstreamRateLimited, problem
from frontdesk.contract.events import (
    AgentChanged,
    Event,
    TextDelta,
    ToolCalled,
    ToolFinished,
    TurnCreated,
    TurnEnded,
    TurnQueued,
)
from frontdesk.contract.turns import Status, TurnResult
from frontdesk.server.openai.responses_events import Telling
from frontdesk.server.openai.responses_requests import echo, response_body
from frontdesk.sessions.responses import StoredResponse

T = "turn_X"
CREATED = TurnCreated(T, "sess_1")
CALL = {"type": "function_call", "call_id": "call_1", "name": "f", "arguments": '{"a": 1}'}
EVENT: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)


def asked(**fields: Any) -> StoredResponse:
    body = response_body({"model": "frontdesk", "input": "Hi", **fields})
    return StoredResponse("X", 1_790_000_000.5, echo(body))


def ended(status: Status = "completed", answer: str = "", **fields: Any) -> TurnEnded:
    result = TurnResult(T, "sess_1", status, answer, receipt=receipt(), **fields)
    return TurnEnded(T, result)


def told(*events: Event) -> list[Any]:
    telling = Telling(asked())
    return [each for event in events for each in telling.tell(event)]


def kinds(*events: Event) -> list[str]:
    return [each["type"].removeprefix("response.") for each in told(*events)]


def delta(text: str, message: int = 0) -> TextDelta:
    return TextDelta(T, text, message)


def test_a_message_comes_in_openais_order() -> None:
    assert kinds(CREATED, delta("Hel"), delta("lo"), ended(answer="Hello")) == [
        *("created", "in_progress", "output_item.added", "content_part.added"),
        *("output_text.delta", "output_text.delta", "output_text.done", "content_part.done"),
        *("output_item.done", "completed"),
    ]


def test_a_call_comes_after_the_text_before_it() -> None:
    found = kinds(CREATED, delta("One moment."), ended(answer="One moment.", calls=(CALL,)))
    assert found[-6:] == [
        *("output_item.done", "output_item.added", "function_call_arguments.delta"),
        *("function_call_arguments.done", "output_item.done", "completed"),
    ]


def test_numbers_rise_by_one_from_zero() -> None:
    found = told(TurnQueued(T, "s", 1), CREATED, delta("a"), delta("b", 1), ended(calls=(CALL,)))
    assert [each["sequence_number"] for each in found] == list(range(len(found)))


def test_a_second_message_is_a_second_item() -> None:
    output = told(CREATED, delta("First."), delta("Second.", 1), ended())[-1]["response"]["output"]
    assert [item["content"][0]["text"] for item in output] == ["First.", "Second."]
    assert len({item["id"] for item in output}) == 2


def test_server_tools_and_handoffs_leave_no_trace() -> None:
    hidden = (
        AgentChanged(T, "orders"),
        ToolCalled(T, "clock", "call_9"),
        ToolFinished(T, "clock", "call_9", True, 1.0),
    )
    assert told(CREATED, *hidden, delta("x"), ended()) == told(CREATED, delta("x"), ended())


def test_a_turn_that_begins_again_is_told_once() -> None:
    assert told(CREATED, CREATED, delta("x"), ended()) == told(CREATED, delta("x"), ended())


def test_a_refusal_is_a_message_of_its_own() -> None:
    response = told(CREATED, delta("The key is"), ended("blocked", "I cannot say that."))[-1]
    texts = [item["content"][0]["text"] for item in response["response"]["output"]]
    assert (response["type"], texts) == (
        "response.completed",
        ["The key is", "I cannot say that."],
    )


def test_an_answer_whose_log_is_gone_is_told_from_the_result() -> None:
    output = told(ended(answer="Hello"))[-1]["response"]["output"]
    assert output[0]["content"][0]["text"] == "Hello"


def test_a_failed_turn_is_a_failed_response_with_what_was_said() -> None:
    error = problem(UpstreamRateLimited("Too much."))
    last = told(CREATED, delta("Hel"), ended("failed", "Hel", error=error))[-1]
    assert last["type"] == "response.failed"
    assert last["response"]["error"] == {"code": "rate_limit_exceeded", "message": "Too much."}
    assert last["response"]["output"][0]["status"] == "incomplete"


def test_an_answer_that_was_cut_is_incomplete() -> None:
    last = told(CREATED, delta("Hel"), ended(answer="Hel", incomplete="max_output_tokens"))[-1]
    assert last["type"] == "response.incomplete"
    assert last["response"]["incomplete_details"] == {"reason": "max_output_tokens"}
    assert last["response"]["completed_at"] is None


def test_there_is_no_event_for_a_cancelled_response() -> None:
    telling = Telling(asked())
    found = [each for event in (CREATED, ended("cancelled")) for each in telling.tell(event)]
    assert [each["type"] for each in found] == ["response.created", "response.in_progress"]
    assert telling.object["status"] == "cancelled"


def test_nothing_is_told_after_the_end() -> None:
    assert told(CREATED, ended(), delta("late"), ended()) == told(CREATED, ended())


@pytest.mark.parametrize("status", ["completed", "failed", "cancelled", "blocked"])
def test_every_field_of_the_object_is_always_there(status: Status) -> None:
    telling = Telling(asked(conversation="conv_1"))
    telling.tell(ended(status, error=problem(UpstreamRateLimited("x"))))
    assert telling.object.keys() == FIELDS
    assert not {name for name in NEVER_NULL if telling.object[name] is None}


def test_the_object_counts_what_the_models_used() -> None:
    response = told(CREATED, ended())[-1]["response"]
    assert response["usage"] == {
        "input_tokens": 10,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": 5,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": 15,
    }
    assert (response["created_at"], response["completed_at"]) == (1_790_000_000, 1_790_000_000)


def test_openais_own_client_takes_every_event() -> None:
    state: Any = ResponseStreamState(input_tools=[], text_format=omit)
    events = (CREATED, delta("One "), delta("two"), delta("three", 1), ended(calls=(CALL,)))
    for each in told(*events):
        state.handle_event(EVENT.validate_python(each))
    assert state._completed_response.output_text == "One twothree"


FIELDS = {
    *("id", "object", "created_at", "completed_at", "status", "background", "error"),
    *("incomplete_details", "instructions", "model", "previous_response_id", "conversation"),
    *("store", "metadata", "user", "safety_identifier", "prompt_cache_key", "service_tier"),
    *("max_output_tokens", "max_tool_calls", "parallel_tool_calls", "tool_choice", "tools"),
    *("temperature", "top_p", "top_logprobs", "presence_penalty", "frequency_penalty"),
    *("truncation", "text", "reasoning", "output", "usage"),
}
NEVER_NULL = {
    *("temperature", "top_p", "presence_penalty", "frequency_penalty", "top_logprobs"),
    *("tool_choice", "truncation", "background", "service_tier", "store", "tools"),
    *("parallel_tool_calls", "text", "metadata"),
}
