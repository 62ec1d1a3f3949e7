"""One run of the agents as its events, and what it came to in the turn's ledger."""

import time
import uuid
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing

from agents.result import RunResultStreaming
from agents.stream_events import StreamEvent

from frontdesk.agents.client_tools import handed
from frontdesk.agents.course import Course
from frontdesk.agents.failures import failure, too_long
from frontdesk.agents.narration import Narration
from frontdesk.agents.notes import Notes
from frontdesk.agents.pausing import paused
from frontdesk.contract.approvals import Pause
from frontdesk.contract.context import Ledger, SpanRecord, TurnContext
from frontdesk.contract.errors import UpstreamMalformed
from frontdesk.contract.events import GuardrailTriggered, Happening, RoundEnded
from frontdesk.contract.guardrails import Blocked
from frontdesk.contract.turns import GuardrailNote
from frontdesk.sessions.draft import call_ids


async def told(
    course: Course, context: TurnContext, notes: Notes, narration: Narration
) -> AsyncGenerator[Happening, None]:
    """What happens in a run. When it stopped for calls, they are in the ledger: those of the
    client's tools to be handed over, others to be approved.

    Raises:
        FrontdeskError, Blocked, Cancelled: as `Crew.run` says.
    """
    first = course.run.current_agent.name
    try:
        async with aclosing(course.events()) as stream:
            async for happened in stream:
                for event in _heard(happened, context, notes, narration):
                    yield event
        _stopped(course.run, context, first)
        if narration.silent and not course.run.interruptions:
            _check_silence(context)
    except Exception as error:
        notes.refused()
        known = failure(error)
        if known is None:
            raise
        for note in _unnoted(known, context.ledger):
            yield GuardrailTriggered(context.turn_id, note)
        raise known from None
    finally:
        await notes.settle_cut()


def _check_silence(context: TurnContext) -> None:
    """Lets an answer be empty that was cut before its first word, for a client that is told so."""
    cut, message = context.ledger.incomplete, context.message
    if cut and (message.wishes.max_output_tokens or not message.attended):
        return
    if cut == "max_output_tokens":
        raise too_long()
    raise UpstreamMalformed("The model answered nothing. Try again.")


def _stopped(run: RunResultStreaming, context: TurnContext, first: str) -> None:
    """Notes the calls that the run has stopped for, if any."""
    if context.message.client_tools:
        context.ledger.handed = calls = handed(run.interruptions, call_ids(context))
        context.ledger.spans += (_span(str(call["name"])) for call in calls)
    elif run.interruptions:
        context.ledger.pause = paused(run, first)


def _span(tool: str) -> SpanRecord:
    """That a call left for the client, in the trace."""
    now = time.time()
    return SpanRecord(f"span_{uuid.uuid4().hex[:24]}", None, "client_tool", tool, now, now)


def _heard(
    happened: StreamEvent | Pause, context: TurnContext, notes: Notes, narration: Narration
) -> Iterator[Happening]:
    """Our events for what happened in a run."""
    if isinstance(happened, Pause):
        yield RoundEnded(context.turn_id, happened)
        return
    notes.hear(happened)
    yield from narration.tell(happened)


def _unnoted(error: Exception, ledger: Ledger) -> list[GuardrailNote]:
    """What a guardrail of the SDK did, written down now."""
    note = error.verdict.note if isinstance(error, Blocked) else None
    if note is None or note in ledger.notes:
        return []
    ledger.notes.append(note)
    return [note]
