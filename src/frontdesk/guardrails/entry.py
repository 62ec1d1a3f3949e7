"""Everything that comes in with a message and goes on to a model, checked before it is stored."""

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from frontdesk.contract.arguments import changed
from frontdesk.contract.context import Ledger
from frontdesk.contract.guardrails import Blocked, Verdict
from frontdesk.contract.messages import ClientTool, Message, Wishes
from frontdesk.contract.turns import Item
from frontdesk.guardrails.chain import INSTRUCTING, WITHHELD, Guards

UNSAID = {"user": "[message withheld]", "assistant": "[reply withheld]"}
"""What stands for a part of a client's context that a guardrail stops."""


async def entered(message: Message, guards: Guards, ledger: Ledger) -> tuple[Message, Verdict]:
    """The message as it may go on, but for its text, which is the verdict's. What instructs the
    models is checked as the text is: a block of any of it is the verdict.

    Raises:
        GuardrailUnavailable: a check failed.
    """
    verdict = await guards.input(message.text, ledger)
    if verdict.action == "block":
        return message, verdict
    check = partial(_instruction, guards=guards, ledger=ledger)
    try:
        instructions = await check(message.instructions) if message.instructions else ""
        tools = tuple([await _tool(each, guards, ledger) for each in message.client_tools])
        wishes = await _format(message.wishes, guards, ledger)
        outputs = await _known(message.outputs, guards, ledger)
        context = message.context and await _known(message.context, guards, ledger)
    except Blocked as stop:
        return message, stop.verdict
    message = replace(message, instructions=instructions, context=context, wishes=wishes)
    return replace(message, client_tools=tools, outputs=outputs), verdict


async def _instruction(text: str, guards: Guards, ledger: Ledger) -> str:
    verdict = await guards.input(text, ledger)
    if verdict.action == "block":
        raise Blocked(verdict)
    return verdict.text


async def _known(items: Sequence[Item], guards: Guards, ledger: Ledger) -> tuple[Item, ...]:
    """What a client says that was said before. It comes again with each message, so what is
    stopped in it is left out and does not stop the turn.
    """
    return tuple([await _item(item, guards, ledger) for item in items])


async def _item(item: Item, guards: Guards, ledger: Ledger) -> Item:
    if item.get("role") == "developer":
        return {**item, "content": await _instruction(item["content"], guards, ledger)}
    past = partial(_past, guards=guards, ledger=ledger)
    if "output" in item:
        return {**item, "output": await past(item["output"], WITHHELD, is_result=True)}
    if "arguments" in item:
        arguments = await changed(item["arguments"], partial(past, unsaid="[withheld]"))
        return {**item, "arguments": arguments}
    return {**item, "content": await past(item["content"], UNSAID[item["role"]])}


async def _past(
    text: str, unsaid: str, *, guards: Guards, ledger: Ledger, is_result: bool = False
) -> str:
    if not text:
        return text
    apart = replace(ledger, notes=[])
    verdict = await guards.input(text, apart)
    for note in apart.notes:
        action = "redact" if note.action == "block" else note.action
        if is_result and note.found in INSTRUCTING:
            ledger.tainted = True
        softened = replace(note, action=action)
        if softened not in ledger.notes:
            ledger.notes.append(softened)
    return unsaid if verdict.action == "block" else verdict.text


async def _tool(tool: ClientTool, guards: Guards, ledger: Ledger) -> ClientTool:
    """The tool as models may read of it: its description and the texts of its schema."""
    told = [tool.description, dict(tool.parameters)]
    description, parameters = await _schema(told, guards, ledger)
    return replace(tool, description=description, parameters=parameters)


async def _format(wishes: Wishes, guards: Guards, ledger: Ledger) -> Wishes:
    if not wishes.text_format:
        return wishes
    return replace(wishes, text_format=await _schema(dict(wishes.text_format), guards, ledger))


async def _schema(told: Any, guards: Guards, ledger: Ledger) -> Any:
    text = json.dumps(told, ensure_ascii=False)
    check = partial(_instruction, guards=guards, ledger=ledger)
    return told if await check(text) == text else json.loads(await changed(text, check))
