"""What OpenAI's Python client makes of a server, as JSON, whatever version of it this runs under.

python openai_python.py BASE_URL ANN_KEY BOB_KEY
"""

import json
import sys
from collections.abc import Callable
from typing import Any

import openai
from openai import OpenAI

WEATHER: Any = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Tells the weather.",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
        },
    },
}
ASKED = 'What is the weather? [tool:get_weather {"city": "Seoul"}]'
SESSION = {"X-Frontdesk-Session": "main"}


def models(ann: OpenAI, _bob: OpenAI) -> list[str]:
    return [model.id for model in ann.models.list()]


def answer(ann: OpenAI, _bob: OpenAI) -> list[Any]:
    got = ann.chat.completions.create(model="frontdesk", messages=_user("안녕하세요 🙂"))
    [choice] = got.choices
    return [choice.message.role, choice.message.content, choice.finish_reason, got.model]


def stream(ann: OpenAI, _bob: OpenAI) -> list[Any]:
    chunks = ann.chat.completions.create(
        model="frontdesk", messages=_user("[long:100] [slow:0.01]"), stream=True
    )
    text, pieces, reasons = "", 0, []
    for chunk in chunks:
        [choice] = chunk.choices
        text, pieces = text + (choice.delta.content or ""), pieces + bool(choice.delta.content)
        reasons += [choice.finish_reason] if choice.finish_reason else []
    return [text.split(" ")[-1], pieces > 1, reasons]


def turns(ann: OpenAI, _bob: OpenAI) -> str | None:
    said: list[Any] = [
        *_user("I like herons."),
        {"role": "assistant", "content": "So do I."},
        *_user("[echo]"),
    ]
    got = ann.chat.completions.create(model="frontdesk", messages=said)
    return got.choices[0].message.content


def tool(ann: OpenAI, _bob: OpenAI) -> list[Any]:
    said = _user(ASKED)
    got = ann.chat.completions.create(model="frontdesk", messages=said, tools=[WEATHER])
    [choice] = got.choices
    [call] = choice.message.tool_calls or []
    function: Any = getattr(call, "function", None)
    said += [choice.message, {"role": "tool", "tool_call_id": call.id, "content": "Sunny."}]
    last = ann.chat.completions.create(model="frontdesk", messages=said, tools=[WEATHER])
    told = [choice.finish_reason, function.name, json.loads(function.arguments)]
    return [*told, last.choices[0].message.content]


def tool_stream(ann: OpenAI, _bob: OpenAI) -> list[Any]:
    chunks = ann.chat.completions.create(
        model="frontdesk", messages=_user(ASKED), tools=[WEATHER], stream=True
    )
    names, arguments = [], ""
    for chunk in chunks:
        for call in chunk.choices[0].delta.tool_calls or []:
            function: Any = call.function
            names += [function.name] if function.name else []
            arguments += function.arguments or ""
    return [names, json.loads(arguments)]


def errors(ann: OpenAI, _bob: OpenAI) -> list[Any]:
    stranger = ann.with_options(api_key="fd_wrong")
    result: Any = {"role": "tool", "tool_call_id": "call_1", "content": ""}
    create = ann.with_options(max_retries=0).chat.completions.create
    return [
        _error(lambda: stranger.models.list()),
        _error(lambda: create(model="gpt-2", messages=_user("hi"))),
        _error(lambda: create(model="frontdesk", messages=[*_user("hi"), result])),
        _error(lambda: create(model="frontdesk", messages=_user("hi [429:60]"))),
        _error(lambda: create(model="frontdesk", messages=_user("hi [429:60]"), stream=True)),
        _error(lambda: ann.embeddings.create(model="frontdesk", input="hi")),
    ]


def isolated(ann: OpenAI, bob: OpenAI) -> list[Any]:
    """What Bob is told of what Ann said, under the same name of a session."""
    for client, words in ((ann, "My bird is a heron."), (bob, "[echo]")):
        got = client.chat.completions.create(
            model="frontdesk", messages=_user(words), extra_headers=SESSION
        )
    return [got.choices[0].message.content]


def _user(text: str) -> list[Any]:
    return [{"role": "user", "content": text}]


def _error(call: Callable[[], object]) -> list[Any]:
    try:
        call()
    except openai.APIStatusError as error:
        return [type(error).__name__, error.status_code, error.code]
    return ["none"]


CHECKS = (models, answer, stream, turns, tool, tool_stream, errors, isolated)

if __name__ == "__main__":
    base_url, *keys = sys.argv[1:]
    both = [OpenAI(base_url=base_url, api_key=key) for key in keys]
    json.dump({check.__name__: check(*both) for check in CHECKS}, sys.stdout)
