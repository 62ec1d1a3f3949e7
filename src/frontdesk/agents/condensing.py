"""Long messages: the cheap model condenses their pieces side by side before an agent sees them.

Map and reduce within bounds: at most `PIECES` calls, and one more where the parts together are
still too long. The message itself stays in the history; models get its ends and a handle.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from importlib.resources import files

import orjson
from agents import Agent, ModelProvider

from frontdesk.agents.asides import run_aside
from frontdesk.agents.call_settings import call_settings
from frontdesk.config import Settings
from frontdesk.contract.context import TurnContext
from frontdesk.contract.events import TurnProgress
from frontdesk.contract.turns import HandlerUse
from frontdesk.sessions.previews import MESSAGE, READ_RESULT, handle_of
from frontdesk.tracing.receipts import estimated_tokens

NAME = "condenser"
PIECES = 8
"""The most pieces of a message, and so the most calls of the model at once."""
EDGE = 600
"""So many characters at either end of the message are shown as they are: there people ask."""
SLACK = 200
"""A piece may end so many characters late, between two words."""


class Condenser:
    """Condenses the messages that have more than `long_message_tokens`."""

    def __init__(self, models: ModelProvider, settings: Settings) -> None:
        self._models, self._settings = models, settings
        self._limit = settings.long_message_tokens
        self._prompt = (files(__package__) / "prompts" / "condense.md").read_text(encoding="utf-8")

    async def condense(self, context: TurnContext) -> AsyncGenerator[TurnProgress, None]:
        """Makes the short form that models are shown of a long message, and tells how far it is;
        does nothing for other messages, nor for what a chat client asks for itself. What it used
        is in the turn's ledger.

        Raises:
            FrontdeskError: the models' server, or a part of ours, did not allow it.
        """
        tokens = estimated_tokens(context.text)
        if tokens <= self._limit or context.message.aside:
            return
        began, ledger = time.perf_counter(), context.ledger
        parts = pieces(context.text, min(PIECES, -(-2 * tokens // self._limit)))
        tasks = [asyncio.create_task(self._short(context, parts, n)) for n in range(len(parts))]
        try:
            with ledger.stage("condense"):
                for done, task in enumerate(asyncio.as_completed(tasks), 1):
                    await task
                    yield TurnProgress(context.turn_id, "condense", done, len(tasks))
                short = await self._together(context, [task.result() for task in tasks])
        finally:
            await _ended(tasks)
        ledger.condensed = _shown(context, short)
        ms = (time.perf_counter() - began) * 1000
        ledger.handlers.append(HandlerUse("long_message", "enrich", ms))

    async def _together(self, context: TurnContext, shorts: Sequence[str]) -> str:
        """The short forms in their order; shortened once more where they are still too long."""
        whole = "\n".join(shorts)
        if estimated_tokens(whole) <= self._limit:
            return whole
        return (await self._short(context, [whole], 0))[: self._limit * 3]

    async def _short(self, context: TurnContext, parts: Sequence[str], number: int) -> str:
        """One piece in short."""
        asked = {
            "begins": context.text[:EDGE],
            "ends": context.text[-EDGE:],
            "number": number + 1,
            "of": len(parts),
            "piece": parts[number],
        }
        data = orjson.dumps(asked).decode()
        return await run_aside(self._agent(), data, context, self._models, self._settings)

    def _agent(self) -> Agent[TurnContext]:
        model = self._settings.triage_model
        return Agent(
            name=NAME,
            instructions=self._prompt,
            model=model,
            model_settings=call_settings(self._settings, model),
        )


def pieces(text: str, count: int) -> list[str]:
    """The text in at most `count` pieces of about the same length, cut between words where there
    are any; together they are the text.
    """
    found: list[str] = []
    size, begin = -(-len(text) // count), 0
    while len(text) - begin > size + SLACK and len(found) < count - 1:
        spaces = (text.find(sign, begin + size, begin + size + SLACK) for sign in " \n")
        end = min((each + 1 for each in spaces if each > 0), default=begin + size)
        found.append(text[begin:end])
        begin = end
    return [*found, text[begin:]]


def _shown(context: TurnContext, short: str) -> str:
    text, handle = context.text, handle_of(context.turn_id, MESSAGE)
    return (
        f"[This message has {len(text)} characters. Here are its beginning, a condensed form of "
        f'all of it, and its end. To read it whole: {READ_RESULT}(handle="{handle}", offset=0)]\n'
        f"{text[:EDGE]}\n[…]\n\n[Condensed:]\n{short}\n\n[It ends:]\n{text[-EDGE:]}"
    )


async def _ended(tasks: Sequence[asyncio.Task[str]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
