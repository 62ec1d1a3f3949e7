"""The summarist: after a turn, and never in its way, the cheap model sums up what has left a
session's window.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from importlib.resources import files
from itertools import accumulate

import structlog
from agents import Agent, RunConfig, Runner

from frontdesk.agents.call_settings import call_settings
from frontdesk.agents.failures import failure
from frontdesk.agents.models import Models
from frontdesk.agents.prices import price
from frontdesk.budget import Budget
from frontdesk.config import Settings
from frontdesk.contract.context import Ledger, ModelCall, TurnContext
from frontdesk.contract.errors import UpstreamMalformed
from frontdesk.contract.guardrails import Blocked, Verdict
from frontdesk.contract.turns import Receipt
from frontdesk.guardrails.chain import WITHHELD, Guards
from frontdesk.sessions.codec import dump
from frontdesk.sessions.drivers import Turn
from frontdesk.sessions.holds import Hold
from frontdesk.sessions.instants import rfc3339
from frontdesk.sessions.store import Sessions
from frontdesk.sessions.summaries import CLAIM_S, Claim, Summary
from frontdesk.sessions.tasks import Tasks
from frontdesk.sessions.window import BYTES_PER_TOKEN, MARGIN, estimate_tokens, shrunk
from frontdesk.tracing.receipts import receipt

NAME = "summary"
MOST_TOKENS = 512
SHARE = 8
"""A summary takes at most one part in so many of the window, as does a line of what it sums up."""
MOST_AT_ONCE = 8
DEADLINE_S = CLAIM_S / 2

logger = structlog.get_logger(__name__)


class Summarist:
    """Makes the summaries that are due, a few at once in a process and one of each session."""

    def __init__(
        self, models: Models, settings: Settings, guards: Guards, sessions: Sessions, budget: Budget
    ) -> None:
        self._models, self._settings = models, settings
        self._guards, self._sessions, self._budget = guards, sessions, budget
        self._tasks = Tasks()
        self._agent = Agent[TurnContext](
            name=NAME,
            instructions=(files(__package__) / "prompts" / "summary.md").read_text("utf-8"),
            model=settings.triage_model,
            model_settings=call_settings(settings, settings.triage_model),
        )

    def after(self, turn: Turn) -> Turn:
        """The turn, and a look after it whether its session needs a summary. When enough are being
        made, the look is left to the session's next turn.
        """

        async def turned(hold: Hold) -> Hold | None:
            following = await turn(hold)
            if len(self._tasks) < MOST_AT_ONCE:
                self._tasks.spawn(self._sum_up(hold))
            return following

        return turned

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """At the end, what is not finished is dropped: its claim runs out, and the session's next
        turn comes back to it.
        """
        try:
            yield
        finally:
            await self._tasks.settle(0)

    async def _sum_up(self, hold: Hold) -> None:
        claim = await self._sessions.summaries.claim(hold.owner, hold.session_id)
        if claim is None:
            return
        message = replace(hold.message, text="", instructions="")
        ledger = Ledger.of(message.caller.tenant, hold.text)
        context = TurnContext(message, "", hold.session_id, ledger=ledger)
        summary = await self._attempt(claim, context)
        calls = context.ledger.calls
        cost = price(calls[0]) if calls else None
        kept = await self._sessions.summaries.keep(claim, summary, calls, cost)
        await self._sessions.usage.count_beside(context, self._bill(context), NAME)
        _tell(claim, calls, kept)

    def _bill(self, context: TurnContext) -> Receipt:
        return receipt(context, "", price, self._settings.triage_model)

    async def _attempt(self, claim: Claim, context: TurnContext) -> Summary | None:
        """The summary, or None after a failure, which is only logged, by its kind."""
        try:
            async with asyncio.timeout(DEADLINE_S):
                text = await self._checked(await self._written(claim, context), context.ledger)
        except Exception as error:
            known = failure(error)
            if known is None:
                raise
            kind = type(known).__name__
            logger.warning("summary.failed", session_id=claim.session_id, error=kind)
            return None
        return Summary(text, claim.turns, rfc3339(), estimate_tokens((text,)))

    async def _written(self, claim: Claim, context: TurnContext) -> str:
        """What the cheap model writes, at the user's expense.

        Raises:
            UpstreamMalformed: it wrote nothing.
        """
        model, spend = self._settings.triage_model, self._budget.open(context)
        await spend.reserve(model)
        config = RunConfig(model_provider=self._models, tracing_disabled=True)
        run = await Runner.run(
            self._agent, self._told(claim), context=context, max_turns=1, run_config=config
        )
        usage = run.context_wrapper.usage
        cached = usage.input_tokens_details.cached_tokens or 0
        reasoning = usage.output_tokens_details.reasoning_tokens or 0
        call = ModelCall(NAME, model, usage.input_tokens, cached, usage.output_tokens, reasoning)
        context.ledger.calls.append(call)
        await spend.settle(call)
        text = str(run.final_output).strip()
        if not text:
            raise UpstreamMalformed("The model wrote no summary.")
        return text

    async def _checked(self, text: str, ledger: Ledger) -> str:
        """The summary as models may be shown it, and the user in an export.

        Raises:
            Blocked: they may not.
        """
        text = await self._guards.tool_result(self._capped(text), ledger)
        if text == WITHHELD:
            raise Blocked(Verdict("block", text))
        return await self._guards.answer(text, ledger)

    def _told(self, claim: Claim) -> str:
        """The summary so far and what came after it, the newest that fits into a window, as lines
        of JSON: nothing in a text can look like another message. Lines that are long are cut, so
        that none keeps the others out.
        """
        most = int(self._settings.context_tokens * BYTES_PER_TOKEN / MARGIN)
        items = (item for record in claim.records for item in shrunk(record).items)
        lines = _newest([_cut(dump(item), most // SHARE) for item in items], most)
        before = [dump({"summary_so_far": claim.before.text})] if claim.before else []
        return b"\n".join((*before, *lines)).decode()

    def _capped(self, text: str) -> str:
        tokens = min(MOST_TOKENS, self._settings.context_tokens // SHARE)
        most = int(tokens * BYTES_PER_TOKEN / MARGIN)
        return _cut(text.encode(errors="replace"), most).decode()


def _cut(data: bytes, most: int) -> bytes:
    return data if len(data) <= most else f"{data[:most].decode(errors='ignore')} …".encode()


def _newest(lines: Sequence[bytes], most: int) -> Sequence[bytes]:
    sizes = accumulate(len(line) + 1 for line in reversed(lines))
    return lines[len(lines) - sum(size <= most for size in sizes) :]


def _tell(claim: Claim, calls: Iterable[ModelCall], kept: bool) -> None:
    """Writes the summary's line into the log: what it used, and nothing of what it says."""
    for call in calls:
        logger.info(
            "summary",
            session_id=claim.session_id,
            kept=kept,
            turns=claim.turns,
            input_tokens=call.input_tokens,
            cached_tokens=call.cached_tokens,
            output_tokens=call.output_tokens,
            cost_usd=str(price(call)),
        )
