"""The turn: one user message and everything until its final answer, from top to bottom."""

from contextlib import aclosing
from dataclasses import dataclass, replace

import structlog

from frontdesk.agents.crew import Crew
from frontdesk.budget import Budget
from frontdesk.cache.answers import AnswerCache
from frontdesk.contract.cancellation import Cancelled
from frontdesk.contract.context import Ledger, TurnContext
from frontdesk.contract.effects import Effect
from frontdesk.contract.errors import (
    BrokenRecord,
    Fenced,
    FrontdeskError,
    Interrupted,
    Problem,
    UpstreamTimeout,
    place,
    problem,
)
from frontdesk.contract.events import Event, TextDelta, TurnCreated
from frontdesk.contract.guardrails import Blocked, Verdict
from frontdesk.contract.handlers import Reject
from frontdesk.contract.messages import Message
from frontdesk.contract.turns import Rung, Status, TurnRecord, TurnResult
from frontdesk.guardrails.chain import Guards
from frontdesk.guardrails.provenance import theirs
from frontdesk.preprocess.chain import Handlers
from frontdesk.sessions.draft import make_record
from frontdesk.sessions.instants import rfc3339
from frontdesk.sessions.log import EventWriter
from frontdesk.sessions.store import Begun, Hold, Sessions
from frontdesk.sessions.totals import with_summaries
from frontdesk.tools.effects import note_lost, recall
from frontdesk.tracing.receipts import gravest, receipt
from frontdesk.tracing.store import Traces

MAX_TRIES = 3

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Ending:
    """How a turn ended, before it is written down."""

    status: Status
    answer: str
    rung: Rung | None = None
    fresh: bool = False
    error: Problem | None = None


@dataclass(frozen=True, slots=True)
class Desk:
    """Answers messages: `start` takes one in, `turn` runs it in a driver task of its own."""

    budget: Budget
    guards: Guards
    sessions: Sessions
    handlers: Handlers
    cache: AnswerCache
    crew: Crew
    traces: Traces

    async def start(self, message: Message) -> Begun:
        """Takes a message in; its turn then runs, waits in its session's queue, or has ended.

        Raises:
            FrontdeskError: it was not taken in; nothing of it is stored.
        """
        ledger = Ledger.of(message.caller.tenant, message.text)
        with ledger.stage("admit"):
            await self.budget.admit(message)  # 1
        with ledger.stage("guard_in"):
            message, verdict = await self._guard(message, ledger)  # 2
        if verdict.action == "block":
            return await self._refuse(message, verdict, ledger)
        begun = await self._begin(message, verdict.text, ledger)  # 3
        if begun.hold:
            self.sessions.start(begun.hold)
        return begun

    async def turn(self, hold: Hold) -> Hold | None:
        """Runs one turn to its end and hands over to the next one of its session."""
        context, log = self._context(hold), self.sessions.writer(hold)
        with self.traces.collect(context):
            ending = await self._end(hold, context, log)
            following, result = await self._commit(hold, context, log, ending)  # 9
            await self.traces.keep(context, result)
            if ending.status == "completed" and ending.rung == "triage":
                await self.cache.keep(context, ending.answer)
        return following

    async def _answer(self, context: TurnContext, log: EventWriter) -> Ending:
        ledger = context.ledger
        with ledger.stage("budget"):
            spend = self.budget.open(context)  # 4
        with ledger.stage("guard_history"):
            context = await self._look_back(context)
        ledger.given += theirs(context)
        with ledger.stage("preprocess"):
            considered = await self.handlers.consider(context)  # 5
        if isinstance(considered.outcome, Reject):
            return Ending("blocked", considered.outcome.text, "handler")
        if considered.outcome:
            answer = considered.outcome
            return await self._say(context, log, answer.text, "handler", answer.fresh)
        facts, agent = considered.facts, considered.agent or context.agent
        ledger.given += facts
        with ledger.stage("cache"):
            alone = not (facts or considered.agent)
            kept = await self.cache.find(context) if alone else None  # 6
        if kept is not None:
            return await self._say(context, log, kept, "cache")
        with ledger.stage("run"):
            run = self.crew.run(context, facts=facts, agent=agent, spend=spend)  # 7
            first = self.crew.speaker(agent)
            async with aclosing(self.guards.output(run, ledger, first)) as checked:  # 8
                async for event in checked:
                    await _show(event, context, log)
        return Ending("completed", ledger.answer, self.crew.rung(ledger.agent))

    async def _guard(self, message: Message, ledger: Ledger) -> tuple[Message, Verdict]:
        """The verdict on the message; its instructions for this turn are checked with it."""
        verdict = await self.guards.input(message.text, ledger)
        if verdict.action == "block" or not message.instructions:
            return message, verdict
        instructions = await self.guards.input(message.instructions, ledger)
        if instructions.action == "block":
            return message, instructions
        return replace(message, instructions=instructions.text), verdict

    async def _look_back(self, context: TurnContext) -> TurnContext:
        """The turn with its message as it may go on after the last ones before it."""
        earlier = [record.user for record in context.history]
        text = await self.guards.history(earlier, context.text, context.ledger)
        context.ledger.text = text
        return replace(context, text=text)

    async def _begin(self, message: Message, text: str, ledger: Ledger) -> Begun:
        with ledger.stage("begin"):
            return await self.sessions.begin(message, text, ledger)

    async def _say(
        self, context: TurnContext, log: EventWriter, text: str, rung: Rung, fresh: bool = False
    ) -> Ending:
        if rung == "handler":  # it answers this user, as a tool does
            context.ledger.given.append(text)
        with context.ledger.stage("guard_out"):
            checked = await self.guards.answer(text, context.ledger)
        await _show(TextDelta(context.turn_id, checked, 0), context, log)
        return Ending("completed", checked, rung, fresh)

    async def _end(self, hold: Hold, context: TurnContext, log: EventWriter) -> Ending:
        """The turn's ending, whatever happens; only a turn that was taken over has none."""
        ledger = context.ledger
        try:
            await log.put(TurnCreated(context.turn_id, context.session_id))
            await self._check(hold, context)
            async with hold.cancellation.limit(self.crew.turn_timeout_s):
                return await self._answer(context, log)
        except Blocked as stop:
            said = self.guards.said(stop.verdict, ledger)
            return Ending("blocked", said, self.crew.rung(ledger.agent))
        except Cancelled:
            rung = self.crew.rung(ledger.agent) if ledger.agent else None
            return Ending("cancelled", ledger.answer, rung)
        except TimeoutError:
            error: FrontdeskError = UpstreamTimeout("The turn took too long and was stopped.")
        except Fenced:
            raise
        except FrontdeskError as known:
            error = known
        except Exception as unknown:  # noqa: BLE001 - a bug must end its turn, not hang its readers
            logger.error("turn.crashed", error=type(unknown).__name__, at=place(unknown))
            error = FrontdeskError("The turn failed inside the server; its log names the cause.")
        return Ending("failed", ledger.answer, self.crew.rung(ledger.agent), error=problem(error))

    async def _check(self, hold: Hold, context: TurnContext) -> None:
        """Lets the turn run, unless there is a reason against it.

        Raises:
            BrokenRecord, Cancelled, Interrupted, StoreUnreadable: the reason.
        """
        if hold.unreadable:
            raise hold.unreadable
        if hold.broken:
            raise BrokenRecord(
                "A part of this conversation could not be read and was set aside; send the message"
                " again to go on without it."
            )
        if hold.cancellation.mode:
            raise Cancelled
        if hold.tries and (hold.tries >= MAX_TRIES or await self.sessions.shown(hold)):
            raise _stopped(await recall(context))

    async def _commit(
        self, hold: Hold, context: TurnContext, log: EventWriter, ending: Ending
    ) -> tuple[Hold | None, TurnResult]:
        ledger = context.ledger
        note_lost(ledger)
        with ledger.stage("commit"):
            record = _record(context, ending, hold)
        result = self._result(context, ending, hold)
        agent = None if ending.fresh else self.crew.next_agent(hold, ledger)
        with ledger.stage("commit"):
            following = await self.sessions.commit(
                hold, record, result, log.take(), agent=agent, fresh=ending.fresh
            )
        return following, result

    async def _refuse(self, message: Message, verdict: Verdict, ledger: Ledger) -> Begun:
        """Ends a blocked message as a turn of its own, without its text and without a model."""
        wordless = replace(message, text="", instructions="", metadata={})
        context = TurnContext(wordless, "", message.session_id, ledger=ledger)
        result = self._result(context, Ending("blocked", verdict.text))
        begun = await self.sessions.note(wordless, result)
        if begun.state == "ended":
            context = replace(context, session_id=begun.session_id)
            with self.traces.collect(context):
                await self.traces.keep(context, replace(result, session_id=begun.session_id))
        return begun

    def _context(self, hold: Hold) -> TurnContext:
        return TurnContext(
            hold.message,
            hold.text,
            hold.session_id,
            hold.history,
            hold.agent,
            with_summaries(hold.totals, hold.spent),
            hold.ledger,
            hold.cancellation,
            self.sessions.effects(hold),
            hold.user_facts,
            hold.summary.text if hold.summary else "",
        )

    def _result(self, context: TurnContext, ending: Ending, hold: Hold | None = None) -> TurnResult:
        ledger, crew = context.ledger, self.crew
        result = TurnResult(
            context.turn_id,
            context.session_id,
            ending.status,
            ending.answer,
            ledger.agent,
            ending.rung,
            gravest(ledger.notes),
            error=ending.error,
        )
        if _poisonous(hold):
            return replace(result, answer="")
        bill = receipt(context, ending.answer, crew.price, crew.specialist_model)
        return replace(result, receipt=bill)


def _record(context: TurnContext, ending: Ending, hold: Hold) -> TurnRecord:
    code, text = ending.error.code if ending.error else None, context.ledger.text
    context = context if text is None else replace(context, text=text)
    if _poisonous(hold):
        return TurnRecord(context.turn_id, ending.status, rfc3339(), "", "", code=code)
    if ending.status == "cancelled" and not hold.tries and "budget" not in context.ledger.stages:
        # It only waited: a person sees it listed, no model ever does.
        return TurnRecord(context.turn_id, ending.status, rfc3339(), context.text, "")
    return make_record(
        context, ending.status, ending.answer, ending.rung, context.ledger.agent, code
    )


def _stopped(unknown: tuple[Effect, ...]) -> Interrupted:
    if not unknown:
        return Interrupted("The process that ran this turn stopped; send the message again.")
    names = " and ".join(dict.fromkeys(effect.tool for effect in unknown))
    return Interrupted(
        f"The process that ran this turn stopped during {names}: whether that took place is not "
        "known and it is not repeated. Find out before you ask for it again."
    )


def _poisonous(hold: Hold | None) -> bool:
    """Whether even the record of the interrupted turn could not be written: it must not come back
    for ever, so it ends with nothing in it that could fail.
    """
    return hold is not None and hold.tries > MAX_TRIES


async def _show(event: Event, context: TurnContext, log: EventWriter) -> None:
    if isinstance(event, TextDelta):
        context.ledger.say(event.text, event.message)
    await log.put(event)
