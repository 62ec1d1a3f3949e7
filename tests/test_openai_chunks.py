"""What a turn came to as a chat completion, whole and in chunks: no network, no desk."""

from typing import Any

import orjson
import pytest
from starlette.requests import Request

from frontdesk.contract.errors import StoreUnavailable, UpstreamFailed, problem
from frontdesk.contract.events import AgentChanged, Event, TextDelta, TurnCreated, TurnEnded
from frontdesk.contract.turns import Receipt, TurnResult
from frontdesk.server.openai.chat_answers import ChatForm, Reply, completion
from frontdesk.server.openai.errors import Refused
from frontdesk.server.openai.stops import Stops

REQUEST = Request({"type": "http", "method": "POST", "path": "/v1/chat/completions", "headers": []})
RECEIPT = Receipt(1, 9, 4, 2, 1, "0.1", None, (), (), (), {}, 1.0)
CALL = {"type": "function_call", "call_id": "call_1", "name": "look", "arguments": '{"at": 1}'}


def reply(**how: Any) -> Reply:
    return Reply("turn_1", "gpt-4o", 1_790_000_000, **how)


def ended(answer: str = "Hello", **more: Any) -> TurnResult:
    given = {"status": "completed", "receipt": RECEIPT, **more}
    return TurnResult("turn_1", "sess_1", answer=answer, **given)


def told(*events: Event | str, **how: Any) -> list[Any]:
    """The frames' data; text stands for a piece of message 0."""
    form, frames = ChatForm(reply(**how), REQUEST), b""
    for event in events:
        frames += form.frames(
            "", TextDelta("turn_1", event, 0) if isinstance(event, str) else event
        )
    lines = frames.decode().split("\n\n")[:-1]
    assert all(line.startswith("data: ") for line in lines)
    found = [line.removeprefix("data: ") for line in lines]
    return [line if line == "[DONE]" else orjson.loads(line) for line in found]


def deltas(chunks: list[Any]) -> list[dict[str, Any]]:
    return [chunk["choices"][0]["delta"] for chunk in chunks if chunk != "[DONE]"]


def text(chunks: list[Any]) -> str:
    return "".join(delta.get("content") or "" for delta in deltas(chunks))


def reasons(chunks: list[Any]) -> list[str | None]:
    return [c["choices"][0]["finish_reason"] for c in chunks if c != "[DONE]" and c["choices"]]


def test_a_completion_has_every_field() -> None:
    assert completion(reply(), ended(), REQUEST) == {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_790_000_000,
        "model": "gpt-4o",
        "system_fingerprint": None,
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "Hello", "refusal": None},
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
        "usage": {
            "prompt_tokens": 9,
            "completion_tokens": 2,
            "total_tokens": 11,
            "prompt_tokens_details": {"cached_tokens": 4},
            "completion_tokens_details": {"reasoning_tokens": 1},
        },
    }


def test_calls_of_the_clients_tools_are_told_in_its_form() -> None:
    [choice] = completion(reply(), ended("", calls=(CALL,)), REQUEST)["choices"]
    assert (choice["finish_reason"], choice["message"]["content"]) == ("tool_calls", None)
    function = {"name": "look", "arguments": '{"at": 1}'}
    expected = [{"id": "call_1", "type": "function", "function": function}]
    assert choice["message"]["tool_calls"] == expected


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({}, "stop"),
        ({"incomplete": "max_output_tokens"}, "length"),
        ({"incomplete": "content_filter"}, "content_filter"),
        ({"status": "blocked"}, "content_filter"),
        ({"calls": (CALL,)}, "tool_calls"),
    ],
)
def test_the_reason_is_the_same_whole_and_in_chunks(more: dict[str, Any], reason: str) -> None:
    whole = completion(reply(), ended(**more), REQUEST)
    assert whole["choices"][0]["finish_reason"] == reason
    chunks = told("Hello", TurnEnded("turn_1", ended(**more)))
    assert [each for each in reasons(chunks) if each] == [reason]


def test_a_turn_without_a_model_used_nothing() -> None:
    used = completion(reply(), ended(receipt=None), REQUEST)["usage"]
    assert (used["total_tokens"], used["prompt_tokens_details"]) == (0, {"cached_tokens": 0})


def test_a_stream_begins_with_the_role_and_ends_with_a_reason_and_done() -> None:
    created = TurnCreated("turn_1", "sess_1")
    chunks = told(created, "Hel", "lo", TurnEnded("turn_1", ended()))
    assert deltas(chunks) == [
        {"role": "assistant", "content": ""},
        {"content": "Hel"},
        {"content": "lo"},
        {},
    ]
    assert (reasons(chunks)[-1], chunks[-1]) == ("stop", "[DONE]")
    assert {chunk["id"] for chunk in chunks[:-1]} == {"chatcmpl-1"}
    assert "usage" not in chunks[0]


def test_the_usage_comes_last_where_it_is_asked_for() -> None:
    chunks = told("Hi", TurnEnded("turn_1", ended()), usage_wanted=True)
    assert [chunk["usage"] for chunk in chunks[:-2]] == [None] * 3
    assert (chunks[-2]["choices"], chunks[-2]["usage"]["total_tokens"]) == ([], 11)


def test_a_call_comes_in_two_chunks_whose_id_and_name_come_once() -> None:
    chunks = told(TurnEnded("turn_1", ended("", calls=(CALL,))))
    assert deltas(chunks)[1:-1] == [
        {
            "tool_calls": [
                {
                    "index": 0,
                    "id": "call_1",
                    "type": "function",
                    "function": {"name": "look", "arguments": ""},
                }
            ]
        },
        {"tool_calls": [{"index": 0, "function": {"arguments": '{"at": 1}'}}]},
    ]


def test_what_happens_inside_is_not_told() -> None:
    assert told(AgentChanged("turn_1", "expert")) == []


def test_messages_of_one_turn_are_paragraphs() -> None:
    second = TextDelta("turn_1", "Found it.", 1)
    chunks = told("Let me look.", second, TurnEnded("turn_1", ended("Found it.")))
    assert text(chunks) == "Let me look.\n\nFound it."


def test_an_answer_that_was_not_told_in_pieces_is_told_at_the_end() -> None:
    assert text(told(TurnEnded("turn_1", ended()))) == "Hello"


def test_a_blocked_answer_ends_with_the_polite_words() -> None:
    chunks = told("Well, ", TurnEnded("turn_1", ended("I cannot say that.", status="blocked")))
    assert text(chunks) == "Well, \n\nI cannot say that."


def test_a_structured_answer_is_not_told_until_it_is_whole() -> None:
    chunks = told("Let me see", TurnEnded("turn_1", ended('{"a": 1}')), whole=True)
    assert text(chunks) == '{"a": 1}'


def test_a_failure_in_the_stream_is_its_last_frame() -> None:
    error = problem(UpstreamFailed("The model is gone."))
    last = told("Hel", TurnEnded("turn_1", ended(status="failed", error=error)))[-1]
    assert (last["error"]["code"], last["error"]["type"]) == ("upstream_failed", "server_error")


def test_a_stream_that_cannot_be_read_on_says_why() -> None:
    frame = ChatForm(reply(), REQUEST).failed(StoreUnavailable("Redis is gone."))
    assert orjson.loads(frame[6:])["error"]["code"] == "store_unavailable"


def test_a_cancelled_turn_does_not_look_like_an_answer() -> None:
    with pytest.raises(Refused):
        completion(reply(), ended("Hel", status="cancelled"), REQUEST)
    assert "error" in told("Hel", TurnEnded("turn_1", ended("Hel", status="cancelled")))[-1]


@pytest.mark.parametrize(
    ("pieces", "shown"),
    [
        (["one\nObser", "vation: two"], "one"),
        (["one\nObs", "cure"], "one\nObscure"),
        (["one", "\nObs"], "one\nObs"),
        (["a", "", "STOP", "b"], "a"),
    ],
)
def test_an_answer_ends_at_a_stop_text_also_in_pieces(pieces: list[str], shown: str) -> None:
    stops = Stops(("\nObservation", "STOP"))
    assert "".join(stops.take(piece) for piece in pieces) + stops.rest() == shown


def test_the_end_at_a_stop_text_is_the_same_whole_and_in_chunks() -> None:
    how: dict[str, Any] = {"stops": ("lo",)}
    whole = completion(reply(**how), ended(), REQUEST)["choices"][0]["message"]["content"]
    assert whole == text(told("Hel", "lo", TurnEnded("turn_1", ended()), **how)) == "Hel"
