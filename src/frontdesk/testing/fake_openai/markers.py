"""Answers without a script: what the markers in the last user message ask for.

| marker | answer |
| --- | --- |
| `[tool:NAME {"json": 1}]` | this call, if it is offered and has no result yet; several in turn |
| `[handoff:NAME]` | calls `transfer_to_NAME`, if it is offered |
| `[429]` `[429:1]` `[500]` | this error, with `Retry-After` in seconds |
| `[malformed]` | broken JSON |
| `[cut]` | half of the text, then the connection breaks |
| `[slow:0.05]` | seconds before each word |
| `[long:500]` | so many words |
| `[echo]` | compact JSON of the input that it saw, without instructions |
| none | the result of the last tool, else `You said: …` |

Calls come first, errors next: `[tool:clock] [500]` fails after the tool.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import orjson

from frontdesk.testing.fake_openai.answers import Call, Reply, handoff, malformed, status
from frontdesk.testing.fake_openai.questions import Entry, Question

_CALL = re.compile(r"\[(tool|handoff):([\w-]+)\s*")
_OTHER = re.compile(
    r"\[(?P<name>slow|long|cut|malformed|echo|[45]\d\d)(?::(?P<value>\d+(?:\.\d+)?))?\]"
)


def answer(question: Question) -> Reply:
    """What the last user message asks for by its markers."""
    marks = {match["name"]: match["value"] for match in _OTHER.finditer(question.text)}
    pace = float(marks["slow"]) if marks.get("slow") else None
    call = _next_call(question)
    if call:
        return Reply(calls=(call,), token_s=pace)
    error = next((name for name in marks if name.isdigit()), None)
    if error:
        return status(int(error), retry_after=float(marks[error]) if marks[error] else None)
    if "malformed" in marks:
        return malformed()
    reply = Reply(_words(question, marks), token_s=pace)
    return _half(reply) if "cut" in marks else reply


def _next_call(question: Question) -> Call | None:
    since = question.entries[question.asked + 1 :]
    done = Counter(entry.name for entry in since if entry.kind == "result")
    for call, _ in _calls(question.text):
        if done[call.name]:
            done[call.name] -= 1
        elif call.name in question.tools:
            return call
    return None


def _calls(text: str) -> Iterator[tuple[Call, str]]:
    """The calls that a message asks for, each with its marker as written."""
    for match in _CALL.finditer(text):
        end = _end_of_arguments(text, match.end())
        if end < 0:
            continue
        arguments = text[match.end() : end].strip() or "{}"
        call = handoff(match[2]).calls[0] if match[1] == "handoff" else Call(match[2], arguments)
        yield call, text[match.start() : end + 1]


def _end_of_arguments(text: str, start: int) -> int:
    try:
        _, end = json.JSONDecoder().raw_decode(text, start)
    except json.JSONDecodeError:
        end = start
    return text.find("]", end)


def _words(question: Question, marks: dict[str, str | None]) -> str:
    if "echo" in marks:
        return orjson.dumps([_shown(entry) for entry in question.entries]).decode()
    if marks.get("long"):
        count = int(float(marks["long"] or 0))
        return " ".join(f"word{number}" for number in range(1, count + 1))
    for entry in reversed(question.entries[question.asked + 1 :]):
        if entry.kind == "result" and not entry.name.startswith("transfer_to_"):
            return entry.text
    return f"You said: {_plain(question.text)}"


def _shown(entry: Entry) -> dict[str, str]:
    if entry.kind == "message":
        return {"role": entry.name, "text": entry.text}
    return {entry.kind: entry.name, "text": entry.text}


def _plain(text: str) -> str:
    for _, marker in list(_calls(text)):
        text = text.replace(marker, "")
    return _OTHER.sub("", text).strip()


def _half(reply: Reply) -> Reply:
    words = reply.text.split(" ")
    return replace(reply, text=" ".join(words[: max(1, len(words) // 2)]), cut=True)
