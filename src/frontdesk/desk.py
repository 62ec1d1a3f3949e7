"""The turn: one user message and everything until its final answer, from top to bottom."""

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import partial

import structlog

from frontdesk.agents.crew import Crew
from frontdesk.budget import Budget
from frontdesk.cache.answers import AnswerCache
from frontdesk.contract.approvals import Decision
from frontdesk.contract.cancellation import Cancelled
from frontdesk.contract.context import Ledger, TurnContext
from frontdesk.contract.errors import (
    Fenced,
    FrontdeskError,
    InvalidRequest,
    UpstreamTimeout,
    place,
    problem,
)
from frontdesk.contract.events import Happening, RoundEnded, TextDelta, TurnCreated, TurnWaiting
from frontdesk.contract.guardrails import Blocked, Verdict
from frontdesk.contract.handlers import Reject
from frontdesk.contract.messages import Message
from frontdesk.contract.turns import Ending, Rung, Status, TurnResult
from frontdesk.guardrails.chain import Guards
from frontdesk.guardrails.entry import entered
from frontdesk.guardrails.handing import check_handed
from frontdesk.guardrails.provenance import theirs
from frontdesk.preprocess.chain import Handlers
from frontdesk.sessions.draft import context_of, poisonous, record_of
from frontdesk.sessions.instants import rfc3339
from frontdesk.sessions.log import EventWriter
from frontdesk.sessions.pending import Decided
from frontdesk.sessions.store import Begun, Hold, Sessions
from frontdesk.tools.approvals import redacted
from frontdesk.tools.effects import note_lost
from frontdesk.tools.takeovers import may_run
from frontdesk.tracing.receipts import gravest, receipt
from frontdesk.tracing.store import Traces

logger = structlog.get_logger(__name__)


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
            place = await self.budget.admit(message)  # 1
        async with place:
            begun = await self._take_in(message, ledger)
            if begun.hold and self.sessions.start(begun.hold):
                place.keep()
        return begun

    async def _take_in(self, message: Message, ledger: Ledger) -> Begun:
        message = self.crew.taken(message)
        with ledger.stage("guard_in"):
            message, verdict = await entered(message, self.guards, ledger)  # 2
        if verdict.action == "block":
            return await self._refuse(message, verdict, ledger)
        return await self._begin(message, verdict.text, ledger)  # 3

    async def decide(self, owner: str, turn_id: str, decision: Decision) -> None:
        """Answers a call that waits for a person; the turn goes on when no answer is missing.

        Raises:
            NotFound, ApprovalDecided, ApprovalExpired: it does not wait for this, or not any more.
            InvalidRequest: the reason may not be told to a model.
            Draining: this process is shutting down.
        """
        verdict = await self.guards.input(decision.reason, Ledger())
        if verdict.action == "block":
            raise InvalidRequest(f"The reason was not taken: {verdict.text}")
        decision = replace(decision, reason=verdict.text)
        if hold := await self.sessions.approvals.decide(owner, turn_id, decision):
            self.sessions.start(hold)

    async def turn(self, hold: Hold) -> Hold | None:
        """Runs one turn to its end and hands over to the next one of its session."""
        effects, rounds = self.sessions.effects(hold), self.sessions.rounds.of(hold)
        context, log = context_of(hold, effects, rounds), self.sessions.writer(hold)
        with self.traces.collect(context):
            ending = await self._end(hold, context, log)
            if ending.status == "waiting":
                try:
                    return await self._pause(hold, context, log, ending)
                except Cancelled:
                    ending = replace(ending, status="cancelled")
            following, result = await self._commit(hold, context, log, ending)  # 9
            if ending.status == "completed" and ending.rung == "triage":
                await self.cache.keep(context, ending.answer)
            await self.traces.keep(context, result)
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
        facts = considered.facts
        agent = context.message.agent or considered.agent or context.agent
        ledger.given += facts
        with ledger.stage("cache"):
            alone = not (facts or considered.agent)
            kept = await self.cache.find(context) if alone else None  # 6
        if kept is not None:
            return await self._say(context, log, kept, "cache")
        with ledger.stage("run"):
            run = self.crew.run(context, facts=facts, agent=agent, spend=spend)  # 7
            return await self._run(run, context, log, agent)

    async def _run(
        self,
        run: AsyncGenerator[Happening, None],
        context: TurnContext,
        log: EventWriter,
        agent: str | None,
    ) -> Ending:
        ledger, first = context.ledger, self.crew.speaker(agent)
        async with aclosing(self.guards.output(run, ledger, first)) as checked:  # 8
            async for event in checked:
                await _show(event, context, log)
        await check_handed(self.guards, ledger)
        status: Status = "waiting" if ledger.pause else "completed"
        return Ending(status, ledger.answer, self.crew.rung(ledger.agent))

    async def _resume(
        self, hold: Hold, context: TurnContext, log: EventWriter, decided: Decided
    ) -> Ending:
        """Goes on with a turn that has waited for a person, or whose process is gone."""
        await may_run(hold, context, self.sessions, log)
        async with hold.cancellation.limit(self.crew.turn_timeout_s):
            with context.ledger.stage("resumed"):
                spend = self.budget.open(context)
                run = self.crew.resume(context, decided, spend)
                return await self._run(run, context, log, context.ledger.agent)

    async def _pause(
        self, hold: Hold, context: TurnContext, log: EventWriter, ending: Ending
    ) -> Hold | None:
        """Lets the turn wait for a person; it commits nothing until it ends."""
        ledger, approvals = context.ledger, self.sessions.approvals
        assert ledger.pause
        expires = time.time() + approvals.expiry_s
        check = partial(self.guards.answer, ledger=ledger)
        ledger.pause = await redacted(ledger.pause, check)
        actions = tuple(each.action(rfc3339(expires)) for each in ledger.pause.asked)
        result = replace(self._result(context, ending, hold), required_actions=actions)
        # In the same write as its state: who reads that it waits can decide.
        pending = log.take().and_then(TurnWaiting(context.turn_id, actions))
        return await approvals.pause(hold, ledger, result, pending, expires)

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
            if decided := await self.sessions.rounds.earlier(hold, ledger):
                return await self._resume(hold, context, log, decided)
            await log.put(TurnCreated(context.turn_id, context.session_id))
            await may_run(hold, context, self.sessions, log)
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

    async def _commit(
        self, hold: Hold, context: TurnContext, log: EventWriter, ending: Ending
    ) -> tuple[Hold | None, TurnResult]:
        ledger = context.ledger
        note_lost(ledger)
        with ledger.stage("commit"):
            record = record_of(context, ending, hold)
        result = self._result(context, ending, hold)
        agent = None if ending.fresh else self.crew.next_agent(hold, ledger)
        with ledger.stage("commit"):
            following = await self.sessions.commit(
                hold, record, result, log.take(), agent=agent, fresh=ending.fresh
            )
        return following, result

    async def _refuse(self, message: Message, verdict: Verdict, ledger: Ledger) -> Begun:
        """Ends a blocked message as a turn of its own, without its text and without a model."""
        wordless = message.wordless()
        context = TurnContext(wordless, "", message.session_id, ledger=ledger)
        result = self._result(context, Ending("blocked", verdict.text))
        begun = await self.sessions.note(wordless, result)
        if begun.state == "ended":
            context = replace(context, session_id=begun.session_id)
            with self.traces.collect(context):
                await self.traces.keep(context, replace(result, session_id=begun.session_id))
        return begun

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
            calls=tuple(ledger.handed) if ending.status == "completed" else (),
            incomplete=ledger.incomplete,
        )
        if hold and poisonous(hold):
            return replace(result, answer="")
        bill = receipt(context, ending.answer, crew.price, crew.specialist_model)
        return replace(result, receipt=bill)


async def _show(event: Happening, context: TurnContext, log: EventWriter) -> None:
    if isinstance(event, RoundEnded):
        await context.rounds.keep(event.pause, await log.flush())
        return
    if isinstance(event, TextDelta):
        context.ledger.say(event.text, event.message)
    await log.put(event)
