"""Everything that comes in with a message and goes on to a model, checked before it is stored."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
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
    models is checked as the text is: a block of any of it is the verdict. Clients send their
    context and tools again with each message: what was found clean is not searched again.

    Raises:
        GuardrailUnavailable: a check failed.
    """
    caller = f"{len(message.caller.tenant)} {message.caller.tenant} {message.caller.user}"
    checking = _Checking(guards, ledger, caller)
    verdict = await checking.search(message.text)
    if verdict.action == "block":
        return message, verdict
    try:
        return await checking.message(message), verdict
    except Blocked as stop:
        return message, stop.verdict


@dataclass(frozen=True, slots=True)
class _Checking:
    """The checks of one message."""

    guards: Guards
    ledger: Ledger
    caller: str

    async def message(self, message: Message) -> Message:
        """The message with all but its text checked."""
        return replace(
            message,
            instructions=await self._instruction(message.instructions),
            client_tools=tuple([await self._tool(each) for each in message.client_tools]),
            wishes=await self._wishes(message.wishes),
            outputs=await self._known(message.outputs),
            context=message.context and await self._known(message.context),
        )

    async def verdict(self, text: str) -> Verdict:
        """What the guardrails say of a text that may have come before."""
        if not text or self.guards.passed.knows(self.caller, text, self.guards.at(self.ledger)):
            return Verdict("allow", text)
        return await self.search(text)

    async def search(self, text: str) -> Verdict:
        """What they say of a text; that it is clean is remembered."""
        checks, before = self.guards.at(self.ledger), len(self.ledger.notes)
        verdict = await self.guards.input(text, self.ledger)
        if verdict.action == "allow" and len(self.ledger.notes) == before:
            self.guards.passed.add(self.caller, text, checks)
        await asyncio.sleep(0)  # a long context is not to keep the other turns waiting
        return verdict

    async def _instruction(self, text: str) -> str:
        verdict = await self.verdict(text)
        if verdict.action == "block":
            raise Blocked(verdict)
        return verdict.text

    async def _known(self, items: Sequence[Item]) -> tuple[Item, ...]:
        """What a client says that was said before. It comes again with each message, so what is
        stopped in it is left out and does not stop the turn.
        """
        return tuple([await self._item(item) for item in items])

    async def _item(self, item: Item) -> Item:
        if item.get("role") == "developer":
            return {**item, "content": await self._instruction(item["content"])}
        if "output" in item:
            return {**item, "output": await self._past(item["output"], WITHHELD, is_result=True)}
        if "arguments" in item:
            past = partial(self._past, unsaid="[withheld]")
            return {**item, "arguments": await changed(item["arguments"], past)}
        return {**item, "content": await self._past(item["content"], UNSAID[item["role"]])}

    async def _past(self, text: str, unsaid: str, *, is_result: bool = False) -> str:
        apart = replace(self.ledger, notes=[])
        verdict = await replace(self, ledger=apart).verdict(text)
        for note in apart.notes:
            if is_result and note.found in INSTRUCTING:
                self.ledger.tainted = True
            softened = replace(note, action="redact" if note.action == "block" else note.action)
            if softened not in self.ledger.notes:
                self.ledger.notes.append(softened)
        return unsaid if verdict.action == "block" else verdict.text

    async def _tool(self, tool: ClientTool) -> ClientTool:
        """The tool as models may read of it: its description and the texts of its schema."""
        description, parameters = await self._schema([tool.description, dict(tool.parameters)])
        return replace(tool, description=description, parameters=parameters)

    async def _wishes(self, wishes: Wishes) -> Wishes:
        if not wishes.text_format:
            return wishes
        return replace(wishes, text_format=await self._schema(dict(wishes.text_format)))

    async def _schema(self, told: Any) -> Any:
        text = json.dumps(told, ensure_ascii=False)
        if await self._instruction(text) == text:
            return told
        return json.loads(await changed(text, self._instruction))
