"""What a client brings of a conversation: its items read, and put where a session's history stands.

Items are those of the Responses API. They are nobody's word but the client's: their shape is
checked here, their texts by the guardrails.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

from frontdesk.contract.context import TurnContext
from frontdesk.contract.errors import ContextOverflow, InvalidRequest
from frontdesk.contract.messages import Message
from frontdesk.contract.turns import Item, TurnRecord
from frontdesk.sessions.window import estimate_tokens, narrowed

MOST_ITEMS = 5_000
NO_RESULT = "[No result came: the client has not run this call.]"
UNREPLIED: Item = {"role": "assistant", "content": "[no reply]"}
CALL, OUTPUT = "function_call", "function_call_output"
NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
CALL_ID = re.compile(r"[!-~]{1,256}")
TEXT_PARTS = {"input_text": "text", "output_text": "text", "text": "text", "refusal": "refusal"}
ROLES = {"system": "developer", "developer": "developer", "user": "user", "assistant": "assistant"}


def read_items(given: Iterable[Item]) -> tuple[Item, ...]:
    """The items in the form in which they rest in a session. Reasoning is left out: it cannot be
    checked.

    Raises:
        InvalidRequest: one is none of the known kinds, or calls and outputs do not pair up.
    """
    items = [_item(item) for item in given if not _is_reasoning(item)]
    if len(items) > MOST_ITEMS:
        raise InvalidRequest(f"A context may have at most {MOST_ITEMS} items.")
    return tuple(_paired(items))


def read_outputs(given: Iterable[Item]) -> tuple[Item, ...]:
    """Outputs of calls that stand elsewhere, in that form.

    Raises:
        InvalidRequest: there is something else among them, or one comes twice.
    """
    items = tuple(map(_item, given))
    ids = [item.get("call_id") for item in items]
    if any(item.get("type") != OUTPUT for item in items) or len(set(ids)) < len(ids):
        raise InvalidRequest("`outputs` takes one `function_call_output` for each call.")
    return items


def within(items: Sequence[Item], tokens: int) -> tuple[Item, ...]:
    """The newest of the items that fit into so many tokens, cut between turns as the window of a
    session is; what the client instructs at the beginning stays, and so does the end.

    Raises:
        ContextOverflow: what must stay is larger.
    """
    records, opening = split(items)
    left = tokens - estimate_tokens(opening)
    seen = narrowed(records, max(left, 1))
    if sum(record.tokens for record in seen) > left:
        raise ContextOverflow(
            f"The newest part of the context has more tokens than the {tokens} that a conversation"
            " may have here: send less of it, or raise FRONTDESK_CONTEXT_TOKENS."
        )
    return (*(item for record in seen for item in record.items), *opening)


def split(items: Sequence[Item]) -> tuple[tuple[TurnRecord, ...], tuple[Item, ...]]:
    """The turns that the items were, and the calls and outputs that they end with."""
    end = len(items)
    while end and items[end - 1].get("type") in (CALL, OUTPUT):
        end -= 1
    turns = [_Turn()]
    for item in items[:end]:
        if item.get("role") == "user" and turns[-1].items:
            turns.append(_Turn())
        turns[-1].add(item)
    return tuple(turn.record() for turn in turns if turn.items), tuple(items[end:])


def known(
    message: Message, history: tuple[TurnRecord, ...]
) -> tuple[tuple[TurnRecord, ...], tuple[Item, ...]]:
    """What models are shown before a message: the turns, and the calls with their outputs that
    come between them and the message.
    """
    if message.context is not None:
        return split(message.context)
    if message.aside:
        return (), ()
    return history, answered(waiting(history), message.outputs)


def waiting(history: Sequence[TurnRecord]) -> tuple[Item, ...]:
    """The calls of the client's tools that the last turn of a session ended with. Turns that
    models never see stand between without a meaning.
    """
    for record in reversed(history):
        if record.items or record.calls:
            return record.calls
    return ()


def answered(calls: Sequence[Item], outputs: Sequence[Item]) -> tuple[Item, ...]:
    """The calls, then their outputs; a call that has none gets one that says so."""
    found = {item["call_id"]: item for item in outputs}
    nothing = {"type": OUTPUT, "output": NO_RESULT}
    results = [found.get(c["call_id"], {**nothing, "call_id": c["call_id"]}) for c in calls]
    return (*calls, *results)


def begins(context: TurnContext) -> tuple[Item, ...]:
    """What the turn begins with before its message: the calls with their outputs, and a marker
    where the message comes instead of a reply to them.
    """
    return (*context.opening, UNREPLIED) if context.opening and context.text else context.opening


def filed(items: Sequence[Item], history: Sequence[TurnRecord]) -> tuple[Item, ...]:
    """The items of a turn that had a context of its own, as a session remembers them behind its
    history: calls that it waits for and that did not come back are closed first; an id that it
    knows already, as when a client asks again, is replaced.
    """
    ids = {item.get("call_id") for item in items}
    left = [call for call in waiting(history) if call["call_id"] not in ids]
    taken = {str(item.get("call_id")) for record in history for item in record.items}
    marker = [UNREPLIED] if left and items[0].get("role") == "user" else []
    return tuple(_paired((*answered(left, ()), *marker, *items), taken))


def check_outputs(message: Message, opening: Sequence[Item]) -> None:
    """Lets outputs pass that the session waits for, all of them.

    Raises:
        InvalidRequest: it waits for others, or for more.
    """
    asked = [item["call_id"] for item in opening if item["type"] == CALL]
    brought = [item["call_id"] for item in message.outputs]
    if not brought or message.context is not None:
        return
    for call_id in brought:
        if call_id not in asked:
            raise _without_call(call_id)
    for call_id in asked:
        if call_id not in brought:
            raise _without_output(call_id)


@dataclass(slots=True)
class _Turn:
    """A turn that grows; one that begins with the client's instructions is never left out."""

    items: list[Item] = field(default_factory=list)

    def add(self, item: Item) -> None:
        self.items.append(item)

    def record(self) -> TurnRecord:
        items = tuple(self.items)
        said = {item.get("role"): str(item.get("content", "")) for item in items}
        user, answer = said.get("user", ""), said.get("assistant", "")
        record = TurnRecord("", "completed", "", user, answer, items)
        pinned = not user and "developer" in said
        return replace(record, tokens=estimate_tokens(items), pinned=pinned)


def _item(item: Item) -> Item:
    if not isinstance(item, Mapping):
        raise InvalidRequest("Each item of a context is an object.")
    match item.get("type", "message"):
        case "message":
            return _message(item)
        case "function_call":
            name, arguments = item.get("name"), item.get("arguments", "")
            if not isinstance(name, str) or not NAME.fullmatch(name):
                raise InvalidRequest("The `name` of a call has 1 to 64 letters, digits, `_`, `-`.")
            call = {"type": CALL, "call_id": _call_id(item), "name": name}
            return {**call, "arguments": _string(arguments, "arguments") or "{}"}
        case "function_call_output":
            output = _text(item.get("output"), "output")
            return {"type": OUTPUT, "call_id": _call_id(item), "output": output}
        case kind:
            raise InvalidRequest(f"Items of the type {str(kind)[:40]!r} are not taken here.")


def _is_reasoning(item: Item) -> bool:
    return isinstance(item, Mapping) and item.get("type") == "reasoning"


def _message(item: Item) -> Item:
    role = ROLES.get(str(item.get("role")))
    if role is None:
        raise InvalidRequest("The `role` of a message is system, developer, user or assistant.")
    return {"role": role, "content": _text(item.get("content"), "content")}


def _call_id(item: Item) -> str:
    call_id = item.get("call_id")
    if not isinstance(call_id, str) or not CALL_ID.fullmatch(call_id):
        raise InvalidRequest("A `call_id` has 1 to 256 visible ASCII characters.")
    return call_id


def _text(content: Any, name: str) -> str:
    """A text, or the texts of its parts; None, which an assistant's message with calls has, is no
    text.
    """
    if isinstance(content, list | tuple):
        return "".join(_part(part) for part in content)
    return _string("" if content is None else content, name)


def _part(part: Any) -> str:
    kind = part.get("type") if isinstance(part, Mapping) else None
    if kind not in TEXT_PARTS:
        raise InvalidRequest("Of the parts of a content, only text is taken here.")
    return _string(part.get(TEXT_PARTS[kind]), "text")


def _string(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise InvalidRequest(f"`{name}` must be a text.")
    return value


def _paired(items: Iterable[Item], known: Collection[str] = ()) -> Iterator[Item]:
    """The items with each call's output behind it before anything else is said. An id that comes
    again, or is `known`, is replaced: some servers number their calls anew in each answer.
    """
    taken, asked = set(known), dict[str, str]()
    late = list[Item]()
    for item in items:
        call_id = str(item.get("call_id", ""))
        if item.get("type") == CALL:
            asked[call_id] = _fresh(call_id, taken)
            late.append({**item, "call_id": asked[call_id]})
        elif item.get("type") == OUTPUT:
            if call_id not in asked:
                raise _without_call(call_id)
            late.append({**item, "call_id": asked.pop(call_id)})
        elif asked and item.get("role") == "user":
            break
        else:  # said beside calls that are open: it goes before them
            yield item
        if not asked:
            yield from late
            late.clear()
    for call_id in asked:
        raise _without_output(call_id)


def _fresh(call_id: str, taken: set[str]) -> str:
    numbered = (f"{call_id}_{number}" for number in count(2))
    found = call_id if call_id not in taken else next(n for n in numbered if n not in taken)
    taken.add(found)
    return found


def _without_call(call_id: str) -> InvalidRequest:
    return InvalidRequest(f"No tool call found for function call output with call_id {call_id}.")


def _without_output(call_id: str) -> InvalidRequest:
    return InvalidRequest(f"No tool output found for function call {call_id}.")
