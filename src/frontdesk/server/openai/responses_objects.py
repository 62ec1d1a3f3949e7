"""The response object and the items that a turn puts out, each field on purpose: typed clients
reject an object that lacks one.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from frontdesk.contract.errors import Problem
from frontdesk.contract.turns import Item, Receipt, TurnResult
from frontdesk.server.openai.items import OUTPUT, text_part
from frontdesk.sessions.responses import StoredResponse

Object = dict[str, Any]
ERRORS = {
    "context_overflow": "context_length_exceeded",
    "rate_limited": "rate_limit_exceeded",
    "upstream_rate_limited": "rate_limit_exceeded",
}
"""Our codes as those of a failed response; every other is `server_error`."""


def response_object(
    asked: StoredResponse, status: str, output: Sequence[Item], result: TurnResult | None = None
) -> Object:
    """The response as it stands; `result` when its turn has ended or waits."""
    ended = result is not None and status in ("completed", "failed", "incomplete", "cancelled")
    reason = result.incomplete if result and status == "incomplete" else ""
    receipt = result.receipt if result else None
    done = status == "completed"
    return {
        "id": f"resp_{asked.id}",
        "object": "response",
        "created_at": int(asked.created),
        "completed_at": _completed_at(asked, receipt) if done else None,
        "status": status,
        "error": _error(result.error) if result and result.error else None,
        "incomplete_details": {"reason": reason} if reason else None,
        **asked.echo,
        "output": list(output),
        "usage": usage(receipt) if ended else None,
    }


def message_item(item_id: str, text: str, status: str = "completed") -> Object:
    """A message of the assistant's."""
    content = [text_part(OUTPUT, text)]
    base = {"id": item_id, "type": "message", "status": status, "role": "assistant"}
    return {**base, "content": content}


def call_item(item_id: str, call: Item) -> Object:
    """A call of a function of the client's."""
    base = {"id": item_id, "type": "function_call", "status": "completed"}
    arguments = call.get("arguments") or "{}"
    return {**base, "call_id": call["call_id"], "name": call["name"], "arguments": arguments}


def usage(receipt: Receipt | None) -> Mapping[str, Any]:
    """What all model calls of the turn used; zeros where it needed none."""
    used = receipt or Receipt(0, 0, 0, 0, 0, None, None, (), (), (), {}, 0.0)
    return {
        "input_tokens": used.input_tokens,
        "input_tokens_details": {"cached_tokens": used.cached_tokens, "cache_write_tokens": 0},
        "output_tokens": used.output_tokens,
        "output_tokens_details": {"reasoning_tokens": used.reasoning_tokens},
        "total_tokens": used.input_tokens + used.output_tokens,
    }


def deleted(object_id: str, kind: str) -> Object:
    """What is told of something that was deleted."""
    return {"id": object_id, "object": kind, "deleted": True}


def _completed_at(asked: StoredResponse, receipt: Receipt | None) -> int:
    """From the turn's own times, so that it is the same whenever it is told."""
    return int(asked.created + (receipt.total_ms / 1000 if receipt else 0))


def _error(found: Problem) -> Object:
    return {"code": ERRORS.get(found.code, "server_error"), "message": found.detail}
