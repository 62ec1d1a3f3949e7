"""Chat completions as their server speaks them: whole objects, and the chunks of a stream."""

import time
from collections.abc import Iterator
from typing import Any

import orjson

from frontdesk.testing.fake_openai.answers import Call, Reply
from frontdesk.testing.fake_openai.questions import Question
from frontdesk.testing.fake_openai.tokens import Fresh, Piece, spoken, streamed, tokens

Fields = dict[str, Any]


def whole(reply: Reply, question: Question, fresh: Fresh) -> bytes:
    """The answer as one object."""
    message: Fields = {"role": "assistant", "content": reply.text or None, "refusal": None}
    if reply.calls:
        message["tool_calls"] = [_call(call, fresh) for call in reply.calls]
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": _reason(reply)}
    head = _head("chat.completion", question, fresh)
    return orjson.dumps(head | {"choices": [choice], "usage": _usage(reply, question)})


def frames(reply: Reply, question: Question, fresh: Fresh) -> Iterator[Piece]:
    """The answer as chunks; one that is cut or malformed ends there."""
    head = _head("chat.completion.chunk", question, fresh)
    if question.include_usage:
        head["usage"] = None
    yield False, _chunk(head, {"role": "assistant", "content": ""})
    if reply.malformed:
        yield True, b'data: {"id": "chatcmpl-\n\n'
        return
    for word in streamed(reply):
        yield True, _chunk(head, {"content": word})
    if reply.cut:
        return
    for index, call in enumerate(reply.calls):
        yield from _call_chunks(head, index, _call(call, fresh))
    yield False, _chunk(head, {}, _reason(reply))
    if question.include_usage:
        yield False, _data(head | {"choices": [], "usage": _usage(reply, question)})
    yield False, b"data: [DONE]\n\n"


def _head(kind: str, question: Question, fresh: Fresh) -> Fields:
    return {
        "id": fresh("chatcmpl-"),
        "object": kind,
        "created": int(time.time()),
        "model": question.model,
        "system_fingerprint": None,
    }


def _reason(reply: Reply) -> str:
    return reply.ends or ("tool_calls" if reply.calls else "stop")


def _call(call: Call, fresh: Fresh) -> Fields:
    function = {"name": call.name, "arguments": call.arguments}
    return {"id": fresh("call_"), "type": "function", "function": function}


def _call_chunks(head: Fields, index: int, call: Fields) -> Iterator[Piece]:
    function = call["function"]
    begun = call | {"index": index, "function": function | {"arguments": ""}}
    yield False, _chunk(head, {"tool_calls": [begun]})
    more = {"index": index, "function": {"arguments": function["arguments"]}}
    yield True, _chunk(head, {"tool_calls": [more]})


def _chunk(head: Fields, delta: Fields, reason: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
    return _data(head | {"choices": [choice]})


def _data(fields: Fields) -> bytes:
    return b"data: %b\n\n" % orjson.dumps(fields)


def _usage(reply: Reply, question: Question) -> Fields:
    sent, said = tokens(question.size), spoken(reply)
    return {
        "prompt_tokens": sent,
        "completion_tokens": said,
        "total_tokens": sent + said,
        "prompt_tokens_details": {"cached_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0},
    }
