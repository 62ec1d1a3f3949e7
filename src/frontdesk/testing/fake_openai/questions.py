"""What a request asks: the bodies of both protocols read into one form, and refused where OpenAI
refuses them.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import orjson

RESPONSES = "/v1/responses"
CHAT = "/v1/chat/completions"


class Entry(NamedTuple):
    """One step of the conversation: a message of a role, a call of a tool, or a tool's result."""

    kind: Literal["message", "call", "result"]
    name: str
    text: str
    call_id: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """A request for an answer: `entries` without the instructions; `size` in bytes as it came."""

    model: str
    stream: bool
    include_usage: bool
    entries: tuple[Entry, ...]
    tools: frozenset[str]
    size: int

    @property
    def asked(self) -> int:
        """Where the last user message stands in `entries`; -1 if there is none."""
        for index in range(len(self.entries) - 1, -1, -1):
            if self.entries[index][:2] == ("message", "user"):
                return index
        return -1

    @property
    def text(self) -> str:
        """The last user message."""
        return self.entries[self.asked].text if self.asked >= 0 else ""


class Refused(Exception):
    """The request is wrong; the fields of OpenAI's error object."""

    def __init__(
        self, message: str, *, status: int = 400, param: str | None = None, code: str | None = None
    ) -> None:
        super().__init__(message)
        self.message, self.status, self.param, self.code = message, status, param, code


def read_body(raw: bytes) -> dict[str, Any]:
    """The body of a request.

    Raises:
        Refused: it is not a JSON object.
    """
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError:
        body = None
    if not isinstance(body, dict):
        raise Refused("We could not parse the JSON body of your request.")
    return body


def read_question(path: str, body: Mapping[str, Any], size: int) -> Question:
    """The question in a body.

    Raises:
        Refused: a field is missing, or a tool call and its result are not both there.
    """
    source = "input" if path == RESPONSES else "messages"
    for name in ("model", source):
        if not body.get(name):
            raise Refused(
                f"Missing required parameter: '{name}'.",
                param=name,
                code="missing_required_parameter",
            )
    entries = _entries(path, body[source])
    _check_pairs(entries, path)
    return Question(
        model=str(body["model"]),
        stream=bool(body.get("stream")),
        include_usage=bool((body.get("stream_options") or {}).get("include_usage")),
        entries=entries,
        tools=_offered(body),
        size=size,
    )


def _offered(body: Mapping[str, Any]) -> frozenset[str]:
    if body.get("tool_choice") == "none":
        return frozenset()
    tools = body.get("tools") or ()
    return frozenset(str(tool.get("function", tool).get("name", "")) for tool in tools)


def _entries(path: str, given: Any) -> tuple[Entry, ...]:
    try:
        return tuple(_items(given) if path == RESPONSES else _messages(given))
    except (AttributeError, KeyError, TypeError) as error:
        raise Refused(f"Invalid input: {error!r}.", code="invalid_value") from None


def _items(given: str | Iterable[Mapping[str, Any]]) -> Iterator[Entry]:
    if isinstance(given, str):
        yield Entry("message", "user", given)
        return
    names: dict[str, str] = {}
    for item in given:
        kind = item.get("type", "message")
        if kind == "message":
            yield Entry("message", str(item.get("role", "")), _text(item.get("content")))
        elif kind == "function_call":
            names[item["call_id"]] = item["name"]
            yield Entry("call", item["name"], item["arguments"], item["call_id"])
        elif kind == "function_call_output":
            call_id = item["call_id"]
            yield Entry("result", names.get(call_id, ""), _text(item.get("output")), call_id)


def _messages(given: Iterable[Mapping[str, Any]]) -> Iterator[Entry]:
    names: dict[str, str] = {}
    for message in given:
        role, words = str(message.get("role", "")), _text(message.get("content"))
        if role == "tool":
            call_id = message.get("tool_call_id", "")
            yield Entry("result", names.get(call_id, ""), words, call_id)
        elif role != "system":
            if words or not message.get("tool_calls"):
                yield Entry("message", role, words)
            for call in message.get("tool_calls") or ():
                names[call["id"]] = call["function"]["name"]
                yield Entry("call", names[call["id"]], call["function"]["arguments"], call["id"])


def _text(content: Any) -> str:
    if isinstance(content, list):
        return "".join(str(part.get("text", "")) for part in content)
    return content if isinstance(content, str) else ""


def _check_pairs(entries: Iterable[Entry], path: str) -> None:
    open_calls: dict[str, None] = {}
    for entry in entries:
        if entry.kind == "call":
            open_calls[entry.call_id] = None
        elif entry.kind == "result":
            if entry.call_id not in open_calls:
                raise _without_call(path, entry.call_id)
            del open_calls[entry.call_id]
        elif open_calls and path == CHAT:
            break
    if open_calls:
        raise _without_result(path, open_calls)


def _without_call(path: str, call_id: str) -> Refused:
    if path == RESPONSES:
        message = f"No tool call found for function call output with call_id {call_id}."
        return Refused(message, param="input")
    message = "messages with role 'tool' must be a response to a preceeding message with"
    return Refused(f"{message} 'tool_calls'.", param="messages")


def _without_result(path: str, call_ids: Iterable[str]) -> Refused:
    if path == RESPONSES:
        message = f"No tool output found for function call {next(iter(call_ids))}."
        return Refused(message, param="input")
    return Refused(
        "An assistant message with 'tool_calls' must be followed by tool messages responding to "
        "each 'tool_call_id'. The following tool_call_ids did not have response messages: "
        + ", ".join(call_ids),
        param="messages",
    )
