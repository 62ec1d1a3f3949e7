"""Whether a conversation is one that both OpenAI APIs take; for histories and for real requests."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from frontdesk.testing import Request


class Step(NamedTuple):
    """One step: a message of a role (`user`, `assistant`), or a `call` and a `result` by id."""

    kind: str
    id: str = ""
    text: str = ""


def steps(items: Iterable[Mapping[str, Any]]) -> Iterator[Step]:
    """The steps of items of the Responses API or messages of Chat Completions."""
    for item in items:
        kind, role = item.get("type", "message"), str(item.get("role", ""))
        if kind == "function_call":
            yield Step("call", item["call_id"])
        elif kind == "function_call_output":
            yield Step("result", item["call_id"], str(item["output"]))
        elif role == "tool":
            yield Step("result", item["tool_call_id"], str(item["content"]))
        elif role in ("user", "assistant"):
            calls = item.get("tool_calls") or ()
            if item.get("content") or not calls:
                yield Step(role, text=str(item.get("content")))
            yield from (Step("call", call["id"]) for call in calls)


def faults(items: Iterable[Mapping[str, Any]]) -> list[str]:
    """What either API, or a reader, would object to; empty for a valid conversation."""
    found, waiting, known, before = [], set[str](), set[str](), ""
    for step in steps(items):
        if step.kind == "user" and before not in ("", "assistant"):
            found.append(f"a user message after {before}: {step.text}")
        if step.kind in ("user", "assistant") and waiting:
            found.append(f"a message before the results of {sorted(waiting)}")
        if step.kind == "call":
            if step.id in known or not step.id:
                found.append(f"the call id {step.id!r} again")
            waiting.add(step.id)
            known.add(step.id)
        elif step.kind == "result":
            if step.id not in waiting:
                found.append(f"a result without a call: {step.id}")
            waiting.discard(step.id)
        before = step.kind
    return found + [f"a call without a result: {call}" for call in sorted(waiting)]


def shown(request: Request) -> list[Mapping[str, Any]]:
    """The items or messages that a model was shown."""
    return list(request.body.get("input") or request.body["messages"])


def said_by_user(items: Iterable[Mapping[str, Any]]) -> list[str]:
    """The texts of the user messages."""
    return [step.text for step in steps(items) if step.kind == "user"]
