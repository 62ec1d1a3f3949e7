"""What the fake can be told to answer: text, tool calls, errors, and answers that go wrong."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import orjson


@dataclass(frozen=True, slots=True)
class Call:
    """A tool call: the tool's name and its arguments as JSON text."""

    name: str
    arguments: str = "{}"


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer of the model: a text, tool calls, or both; made by the functions below.

    `token_s` is the time in seconds before each token, instead of the server's. `status` other than
    200 is an error of this `code`, with `retry_after` seconds as its header. `cut` breaks the
    connection off after the text; `malformed` breaks the JSON. `pieces` are how the text streams,
    else by words. `ends` is why the answer stops: `length` or `content_filter`, else by itself.
    """

    text: str = ""
    calls: tuple[Call, ...] = ()
    token_s: float | None = None
    status: int = 200
    code: str | None = None
    retry_after: float | None = None
    cut: bool = False
    malformed: bool = False
    pieces: tuple[str, ...] = ()
    ends: str = ""


def text(*pieces: str) -> Reply:
    """Answers with this text; several pieces are streamed as they are."""
    return Reply("".join(pieces), pieces=pieces if len(pieces) > 1 else ())


def tool_call(name: str, arguments: Mapping[str, Any] | str | None = None) -> Reply:
    """Calls a tool, offered or not; a string goes out as it is, valid JSON or not."""
    if not isinstance(arguments, str):
        arguments = orjson.dumps(dict(arguments or {})).decode()
    return Reply(calls=(Call(name, arguments),))


def handoff(agent: str) -> Reply:
    """Hands over to this agent, by the tool name that the SDK gives to its handoffs."""
    return tool_call("transfer_to_" + re.sub(r"[^a-zA-Z0-9_]", "_", agent).lower())


def together(*replies: Reply) -> Reply:
    """Several replies as one: their texts joined, then all their calls."""
    return replace(
        replies[0],
        text="".join(reply.text for reply in replies),
        calls=tuple(call for reply in replies for call in reply.calls),
    )


def status(code: int, *, retry_after: float | None = None) -> Reply:
    """Answers with this HTTP status and OpenAI's error body; `retry_after` in seconds."""
    return Reply(status=code, retry_after=retry_after)


def overflow() -> Reply:
    """Refuses the request as longer than the model's context."""
    return Reply(status=400, code="context_length_exceeded")


def stopped(by: Literal["length", "content_filter"], content: str = "This is as far") -> Reply:
    """Answers with this text and says that it was cut there."""
    return Reply(content, ends=by)


def cut(after_text: str = "This is where it") -> Reply:
    """Breaks the connection off after this text."""
    return Reply(after_text, cut=True)


def malformed() -> Reply:
    """Answers with status 200 and broken JSON."""
    return Reply("This will not parse.", malformed=True)


def slow(token_s: float, content: str = "Slowly but surely it comes.") -> Reply:
    """Answers with this text, waiting `token_s` seconds before every word."""
    return Reply(content, token_s=token_s)
