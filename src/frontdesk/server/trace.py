"""`GET /v1/turns/{turn_id}/trace`: what happened in a turn, span by span."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from frontdesk.contract.context import SpanRecord
from frontdesk.contract.errors import NotFound
from frontdesk.server import examples
from frontdesk.server.answers import json_answer
from frontdesk.server.description import Content, described
from frontdesk.server.reception import admit
from frontdesk.server.shapes import ShownTrace
from frontdesk.server.turns import TurnId
from frontdesk.sessions.instants import rfc3339
from frontdesk.tracing.trace import Trace

router = APIRouter()


@router.get(
    "/v1/turns/{turn_id}/trace",
    **described("read", answers=Content(ShownTrace, examples.TRACE), raises=(NotFound,)),
)
async def show_trace(request: Request, turn_id: TurnId) -> Response:
    """The steps of a turn that has ended, and below them its agents, model calls and tools; never
    what was said.
    """
    visit = await admit(request, "read")
    return json_answer(trace_object(await visit.desk.traces.load(visit.owner, turn_id)))


def trace_object(trace: Trace) -> Mapping[str, Any]:
    """The trace with its times as the outside tells times."""
    told = {field.name: getattr(trace, field.name) for field in fields(trace)}
    spans = [_span(span, trace.started) for span in trace.spans]
    return told | {"started": rfc3339(trace.started), "spans": spans}


def _span(span: SpanRecord, started: float) -> Mapping[str, Any]:
    return {
        "id": span.id,
        "parent": span.parent,
        "kind": span.kind,
        "name": span.name,
        "start_ms": round((span.started - started) * 1000, 2),
        "ms": round((span.ended - span.started) * 1000, 2),
        "data": span.data,
        "error": span.error,
    }
