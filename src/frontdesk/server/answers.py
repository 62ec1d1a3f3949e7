"""What leaves as JSON: turns, sessions and their lists, each field on purpose."""

from dataclasses import fields
from typing import Any

from starlette.responses import Response

from frontdesk.contract.turns import TurnRecord, TurnResult
from frontdesk.sessions.codec import dump

OPENAI_ONLY = ("calls",)
"""What our own API has no words for: it takes no tools of clients."""
ANSWER_FIELDS = tuple(
    field.name for field in fields(TurnResult) if field.name not in ("error", *OPENAI_ONLY)
)
RECORD_FIELDS = ("status", "at", "user", "answer", "agent", "rung", "code", "pinned")


def json_answer(data: object, status: int = 200) -> Response:
    """The data as an answer that nobody on the way may keep."""
    return Response(
        dump(data), status, {"Cache-Control": "no-store"}, media_type="application/json"
    )


def answer_object(result: TurnResult) -> dict[str, Any]:
    """The answer object; only a failed turn has an `error`."""
    answer = {name: getattr(result, name) for name in ANSWER_FIELDS}
    if result.error:
        answer["error"] = result.error
    return answer


def record_object(record: TurnRecord) -> dict[str, Any]:
    """A turn of a session as a person saw it: not what the models were shown."""
    return {"turn_id": record.id, **{name: getattr(record, name) for name in RECORD_FIELDS}}
