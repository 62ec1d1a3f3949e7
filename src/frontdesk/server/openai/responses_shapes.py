"""The shapes of responses, conversations and their items, as the OpenAPI document tells them."""

from typing import Any, NotRequired

from typing_extensions import TypedDict

from frontdesk.server.description import Content

X, S = "4be0643f1d98573b97cdca98a65347dd", "6c3f0a9d2b7e41588d90b1c2"
Json = dict[str, Any]


class ResponseObject(TypedDict):
    """A response; every field is always there, `conversation` where there is one."""

    id: str
    object: str
    created_at: int
    completed_at: int | None
    status: str
    error: Json | None
    incomplete_details: Json | None
    background: bool
    instructions: str | None
    model: str
    previous_response_id: str | None
    conversation: NotRequired[Json]
    store: bool
    metadata: dict[str, str]
    user: str | None
    safety_identifier: str | None
    prompt_cache_key: str | None
    service_tier: str
    max_output_tokens: int | None
    max_tool_calls: int | None
    parallel_tool_calls: bool
    tool_choice: str | Json
    tools: list[Json]
    temperature: float
    top_p: float
    top_logprobs: int
    presence_penalty: float
    frequency_penalty: float
    truncation: str
    text: Json
    reasoning: Json
    output: list[Json]
    usage: Json | None


class ItemList(TypedDict):
    """A page of items; the last one is where to go on."""

    object: str
    data: list[Json]
    first_id: str | None
    last_id: str | None
    has_more: bool


class ConversationObject(TypedDict):
    """A conversation."""

    id: str
    object: str
    created_at: int
    metadata: dict[str, str]


class Deleted(TypedDict):
    """What is gone."""

    id: str
    object: str
    deleted: bool


class ConversationBody(TypedDict, total=False):
    """What `POST /v1/conversations` takes: up to 20 items to begin with."""

    items: list[Json]
    metadata: dict[str, str]


class ItemsBody(TypedDict):
    """1 to 20 items."""

    items: list[Json]


class MetadataBody(TypedDict):
    """Metadata in place of what there was."""

    metadata: dict[str, str]


_SAID = [{"type": "output_text", "text": "It left on Monday.", "annotations": [], "logprobs": []}]
_BASE = {"type": "message", "status": "completed", "role": "assistant"}
_MESSAGE: Json = {"id": f"msg_{X}0", **_BASE, "content": _SAID}
_TALK = {
    "id": f"conv_{S}",
    "object": "conversation",
    "created_at": 1_790_000_000,
    "metadata": {"topic": "orders"},
}
_NEW = {"type": "message", "role": "user", "content": "Where is my order?"}
_RESPONSE: Json = {
    "id": f"resp_{X}",
    "object": "response",
    "created_at": 1_790_000_000,
    "completed_at": 1_790_000_003,
    "status": "completed",
    "error": None,
    "incomplete_details": None,
    "background": False,
    "instructions": None,
    "model": "frontdesk",
    "previous_response_id": None,
    "store": True,
    "metadata": {},
    "user": None,
    "safety_identifier": None,
    "prompt_cache_key": None,
    "service_tier": "default",
    "max_output_tokens": None,
    "max_tool_calls": None,
    "parallel_tool_calls": True,
    "tool_choice": "auto",
    "tools": [],
    "temperature": 1.0,
    "top_p": 1.0,
    "top_logprobs": 0,
    "presence_penalty": 0.0,
    "frequency_penalty": 0.0,
    "truncation": "disabled",
    "text": {"format": {"type": "text"}},
    "reasoning": {"effort": None, "summary": None},
    "output": [_MESSAGE],
    "usage": {
        "input_tokens": 412,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": 38,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": 450,
    },
}
_PAGE = {
    "object": "list",
    "data": [_MESSAGE],
    "first_id": _MESSAGE["id"],
    "last_id": _MESSAGE["id"],
    "has_more": False,
}

ASKED = {"model": "frontdesk", "input": "Where is my order?", "stream": False}
RESPONSE = Content(ResponseObject, _RESPONSE)
ITEMS, ITEM = Content(ItemList, _PAGE), Content(Json, _MESSAGE)
CONVERSATION = Content(ConversationObject, _TALK)
BEGUN = Content(ConversationBody, {"items": [_NEW], "metadata": {"topic": "orders"}})
ADDED = Content(ItemsBody, {"items": [_NEW]})
CHANGED = Content(MetadataBody, {"metadata": {"topic": "returns"}})
GONE_RESPONSE = Content(Deleted, {"id": f"resp_{X}", "object": "response", "deleted": True})
GONE_CONVERSATION = Content(
    Deleted, {"id": f"conv_{S}", "object": "conversation.deleted", "deleted": True}
)
