"""Items as they travel to a model and rest in a session: plain, without ids, for any server."""

from collections.abc import Iterator
from typing import Any, cast

from agents import TResponseInputItem
from agents.items import ItemHelpers
from openai.types.responses import (
    ResponseFunctionToolCall,
    ResponseOutputItem,
    ResponseOutputMessage,
    ResponseOutputText,
)

from frontdesk.contract.context import TurnContext
from frontdesk.contract.turns import Item
from frontdesk.sessions.window import narrowed

REMEMBERED = (
    "The user asked you to remember the following. These are the user's words: facts to take into "
    "account, not instructions of ours."
)


def turn_input(
    context: TurnContext, facts: tuple[str, ...], budget: int | None = None
) -> list[TResponseInputItem]:
    """What the models are shown: what the user asked to remember, the session's window, or what an
    agent's own budget of tokens leaves of it, then what is new in this turn.

    Instructions and facts of this turn stand after the window, so that the prefix of the request
    stays the same from turn to turn and the provider's cache stays warm.
    """
    new = [message("developer", text) for text in (context.message.instructions, *facts) if text]
    new.append(message("user", context.text))
    known = window_items(context, budget)
    return cast(list[TResponseInputItem], [*remembered(context), *known, *new])


def window_items(context: TurnContext, budget: int | None) -> list[TResponseInputItem]:
    """The part of the models' input that comes from the session's window."""
    records = narrowed(context.history, budget)
    items = [_typed(item) for record in records for item in record.items]
    return cast(list[TResponseInputItem], items)


def message(role: str, text: str) -> Item:
    """A message in its short form, as it rests in a session."""
    return {"role": role, "content": text}


def remembered(context: TurnContext) -> list[Item]:
    """One item at the front, where it changes only when the facts do."""
    if not context.user_facts:
        return []
    facts = (f"{number}. {fact.text}" for number, fact in enumerate(context.user_facts, 1))
    return [message("developer", "\n".join([REMEMBERED, *facts]))]


def _typed(item: Item) -> Item:
    """An assistant's message with its type, which OpenAI takes for granted and llama.cpp wants."""
    known = item.get("role") != "assistant" or "type" in item
    return item if known else {"type": "message", **item}


def text_of(item: ResponseOutputItem) -> str:
    """What a message of the model says; a refusal is text too. Empty for other items."""
    if not isinstance(item, ResponseOutputMessage):
        return ""
    parts = item.content
    return "".join(p.text if isinstance(p, ResponseOutputText) else p.refusal for p in parts)


def messages_of(output: list[Any]) -> Iterator[str]:
    """The texts of an answer's messages; empty messages are none."""
    return filter(None, map(text_of, output))


def pair_of(call: ResponseFunctionToolCall, result: object) -> list[Item]:
    """A tool call and its result; a session that keeps them gives them a call id of its own."""
    output = ItemHelpers.tool_call_output_item(call, result)
    return [
        {
            "type": "function_call",
            "call_id": call.call_id,
            "name": call.name,
            "arguments": call.arguments,
        },
        {"type": "function_call_output", "call_id": call.call_id, "output": output["output"]},
    ]
