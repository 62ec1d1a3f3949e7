"""The Responses API as its server speaks it: whole objects, and the events of a stream."""

import time
from collections.abc import Iterator
from itertools import count
from typing import Any

import orjson

from frontdesk.testing.fake_openai.answers import Call, Reply
from frontdesk.testing.fake_openai.questions import Question
from frontdesk.testing.fake_openai.tokens import Fresh, Piece, spoken, streamed, tokens

Fields = dict[str, Any]

_SAME: Fields = {
    "object": "response",
    "background": False,
    "error": None,
    "incomplete_details": None,
    "instructions": None,
    "previous_response_id": None,
    "store": False,
    "metadata": {},
    "user": None,
    "safety_identifier": None,
    "prompt_cache_key": None,
    "service_tier": "default",
    "max_output_tokens": None,
    "max_tool_calls": None,
    "parallel_tool_calls": True,
    "tool_choice": "auto",
    "tools": [],
    "temperature": 1.0,
    "top_p": 1.0,
    "top_logprobs": 0,
    "presence_penalty": 0.0,
    "frequency_penalty": 0.0,
    "truncation": "disabled",
    "text": {"format": {"type": "text"}},
    "reasoning": {"effort": None, "summary": None},
}

REASONS = {"length": "max_output_tokens", "content_filter": "content_filter"}


def whole(reply: Reply, question: Question, fresh: Fresh) -> bytes:
    """The answer as one object."""
    return orjson.dumps(_ended(_begun(question, fresh), _output(reply, fresh), reply, question))


def frames(reply: Reply, question: Question, fresh: Fresh) -> Iterator[Piece]:
    """The answer as events; one that is cut or malformed ends there."""
    number, response, output = count(), _begun(question, fresh), _output(reply, fresh)
    yield False, _frame("response.created", number, {"response": response})
    yield False, _frame("response.in_progress", number, {"response": response})
    if reply.malformed:
        yield True, b'event: response.output_text.delta\ndata: {"type": "response.outp\n\n'
        return
    for index, item in enumerate(output):
        yield from (
            _message(item, index, number, reply)
            if item["type"] == "message"
            else _call(item, index, number)
        )
        if reply.cut:
            return
    ended = _ended(response, output, reply, question)
    yield False, _frame(f"response.{ended['status']}", number, {"response": ended})


def _begun(question: Question, fresh: Fresh) -> Fields:
    return _SAME | {
        "id": fresh("resp_"),
        "created_at": int(time.time()),
        "completed_at": None,
        "status": "in_progress",
        "model": question.model,
        "output": [],
        "usage": None,
    }


def _ended(response: Fields, output: list[Fields], reply: Reply, question: Question) -> Fields:
    sent, said = tokens(question.size), spoken(reply)
    return response | {
        "status": "incomplete" if reply.ends else "completed",
        "incomplete_details": {"reason": REASONS[reply.ends]} if reply.ends else None,
        "completed_at": None if reply.ends else int(time.time()),
        "output": output,
        "usage": {
            "input_tokens": sent,
            "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
            "output_tokens": said,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": sent + said,
        },
    }


def _output(reply: Reply, fresh: Fresh) -> list[Fields]:
    silent = not reply.text and (reply.calls or reply.ends)
    message = [] if silent else [_message_item(reply.text, fresh)]
    return message + [_call_item(call, fresh) for call in reply.calls]


def _part(text: str) -> Fields:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def _message_item(text: str, fresh: Fresh) -> Fields:
    return {
        "id": fresh("msg_"),
        "type": "message",
        "status": "completed",
        "role": "assistant",
        "content": [_part(text)],
    }


def _call_item(call: Call, fresh: Fresh) -> Fields:
    return {
        "id": fresh("fc_"),
        "type": "function_call",
        "status": "completed",
        "call_id": fresh("call_"),
        "name": call.name,
        "arguments": call.arguments,
    }


def _frame(kind: str, number: Iterator[int], fields: Fields) -> bytes:
    data = orjson.dumps({"type": kind, **fields, "sequence_number": next(number)})
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), data)


def _message(item: Fields, index: int, number: Iterator[int], reply: Reply) -> Iterator[Piece]:
    text = item["content"][0]["text"]
    at = {"item_id": item["id"], "output_index": index, "content_index": 0}
    begun = item | {"status": "in_progress", "content": []}
    added = {"output_index": index, "item": begun}
    yield False, _frame("response.output_item.added", number, added)
    yield False, _frame("response.content_part.added", number, at | {"part": _part("")})
    yield from _deltas(reply, at, number)
    if reply.cut:
        return
    done = at | {"text": text, "logprobs": []}
    yield False, _frame("response.output_text.done", number, done)
    yield False, _frame("response.content_part.done", number, at | {"part": _part(text)})
    ended = {"output_index": index, "item": item}
    yield False, _frame("response.output_item.done", number, ended)


def _deltas(reply: Reply, at: Fields, number: Iterator[int]) -> Iterator[Piece]:
    fields = orjson.dumps({"type": "response.output_text.delta", **at, "logprobs": []})[:-1]
    head = b"event: response.output_text.delta\ndata: " + fields
    for word in streamed(reply):
        end = b',"delta":%b,"sequence_number":%d}\n\n' % (orjson.dumps(word), next(number))
        yield True, head + end


def _call(item: Fields, index: int, number: Iterator[int]) -> Iterator[Piece]:
    at = {"item_id": item["id"], "output_index": index}
    begun = item | {"status": "in_progress", "arguments": ""}
    added = {"output_index": index, "item": begun}
    yield False, _frame("response.output_item.added", number, added)
    delta = at | {"delta": item["arguments"]}
    yield True, _frame("response.function_call_arguments.delta", number, delta)
    done = at | {"name": item["name"], "arguments": item["arguments"]}
    yield False, _frame("response.function_call_arguments.done", number, done)
    ended = {"output_index": index, "item": item}
    yield False, _frame("response.output_item.done", number, ended)
