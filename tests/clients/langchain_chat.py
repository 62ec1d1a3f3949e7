"""What LangChain's ChatOpenAI makes of a server, as JSON; the same as openai_python.py.

python langchain_chat.py BASE_URL ANN_KEY BOB_KEY
"""

import json
import sys
from typing import Any

import openai
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_openai import ChatOpenAI

RESPONSES = sys.argv[4:] == ["responses"]
ASKED = 'What is the weather? [tool:get_weather {"city": "Seoul"}]'


def get_weather(city: str) -> str:
    """Tells the weather."""
    return f"Sunny in {city}."


def chat(base_url: str, key: str, **more: Any) -> Any:
    given = {"base_url": base_url, "api_key": key, "use_responses_api": RESPONSES, **more}
    return ChatOpenAI(model="frontdesk", max_retries=0, **given)


def answer(ann: Any, _bob: Any) -> list[Any]:
    got = ann.invoke("안녕하세요 🙂")
    about = got.response_metadata
    return ["assistant", got.text, about.get("finish_reason", "stop"), about["model_name"]]


def stream(ann: Any, _bob: Any) -> list[Any]:
    chunks = list(ann.stream("[long:100] [slow:0.01]"))
    pieces = [chunk.text for chunk in chunks if chunk.text]
    reasons = [chunk.response_metadata.get("finish_reason") for chunk in chunks]
    ends = [each for each in reasons if each] or ["stop"]
    return ["".join(pieces).split(" ")[-1], len(pieces) > 1, ends]


def turns(ann: Any, _bob: Any) -> Any:
    said = [HumanMessage("I like herons."), AIMessage("So do I."), HumanMessage("[echo]")]
    return ann.invoke(said).text


def tool(ann: Any, _bob: Any) -> list[Any]:
    asking, said = ann.bind_tools([get_weather]), [HumanMessage(ASKED)]
    got = asking.invoke(said)
    [call] = got.tool_calls
    said += [got, ToolMessage("Sunny.", tool_call_id=call["id"])]
    reason = got.response_metadata.get("finish_reason", "tool_calls")
    return [reason, call["name"], call["args"], asking.invoke(said).text]


def tool_stream(ann: Any, _bob: Any) -> list[Any]:
    chunks = ann.bind_tools([get_weather]).stream(ASKED)
    whole = next(chunks)
    for chunk in chunks:
        whole += chunk
    return [[call["name"] for call in whole.tool_calls], whole.tool_calls[0]["args"]]


def errors(ann: Any, _bob: Any) -> list[Any]:
    stranger = ann.model_copy(update={"model_name": "gpt-2"})
    wrong = chat(str(ann.openai_api_base), "fd_wrong")
    found = [
        _error(wrong, "hi"),
        _error(stranger, "hi"),
        _error(ann, [HumanMessage("hi"), ToolMessage("", tool_call_id="call_1")]),
    ]
    # A response that failed is an object, of which LangChain makes an error of its own.
    return found if RESPONSES else [*found, _error(ann, "hi [429:60]")]


def isolated(ann: Any, bob: Any) -> list[Any]:
    ann.invoke("My bird is a heron.")
    return [bob.invoke("[echo]").text]


def _error(client: Any, said: Any) -> list[Any]:
    try:
        client.invoke(said)
    except openai.APIStatusError as error:
        known = next(kind for kind in type(error).__mro__ if kind.__module__.startswith("openai"))
        return [known.__name__, error.status_code, error.code]
    return ["none"]


CHECKS = (answer, stream, turns, tool, tool_stream, errors, isolated)

if __name__ == "__main__":
    base_url, *keys = sys.argv[1:4]
    headers = {"X-Frontdesk-Session": "main"}
    both = [chat(base_url, key, default_headers=headers) for key in keys]
    json.dump({check.__name__: check(*both) for check in CHECKS}, sys.stdout)
