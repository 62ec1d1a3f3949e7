"""Desks that are asked as OpenAI's protocols ask, with a tool of their own and one to approve."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from frontdesk.assembly import open_desk
from frontdesk.config import Settings
from frontdesk.contract.guardrails import Policy
from frontdesk.contract.messages import ClientTool
from frontdesk.contract.parts import Parts, PluginPlace
from frontdesk.contract.tools import tool
from frontdesk.desk import Desk
from frontdesk.testing import FakeOpenAI

REFUSED = "heron-7731"
POLICY = Policy(blocked_words=(REFUSED,), actions={"email": "redact"})
WEATHER = ClientTool(
    "weather",
    "The weather in a city.",
    {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
)
MAIL = ClientTool("mail", "Sends a mail.", {"type": "object", "properties": {}})


@tool
async def look() -> str:
    """Looks something up."""
    return "it is blue"


@tool(needs_approval=True)
async def refund() -> str:
    """Pays money back."""
    raise AssertionError("nobody has approved this")


@tool(side_effect=True)
async def pay() -> str:
    """Pays somebody."""
    return "paid"


@asynccontextmanager
async def plugin(_place: PluginPlace) -> AsyncIterator[Parts]:
    yield Parts(tools=(look, refund, pay))


@asynccontextmanager
async def desk_of(
    settings: Settings, api: str = "responses", **changed: Any
) -> AsyncIterator[Desk]:
    """A desk whose models speak this protocol."""
    mine = settings.model_copy(update={"model_api": api, **changed})
    async with open_desk(mine, plugins={"mine": plugin}, policy=POLICY) as desk:
        yield desk


def said(role: str, text: str) -> dict[str, Any]:
    return {"role": role, "content": text}


def call(call_id: str, arguments: str = "{}", name: str = "weather") -> dict[str, Any]:
    return {"type": "function_call", "call_id": call_id, "name": name, "arguments": arguments}


def output(call_id: str, text: str) -> dict[str, Any]:
    return {"type": "function_call_output", "call_id": call_id, "output": text}


def sent(upstream: FakeOpenAI) -> Mapping[str, Any]:
    """The last request of a model."""
    return upstream.requests[-1].body


def offered(upstream: FakeOpenAI) -> set[str]:
    """The tools of that request."""
    return {each.get("function", each)["name"] for each in sent(upstream).get("tools", ())}


def shown(upstream: FakeOpenAI) -> str:
    """What that request tells a model, as text."""
    body = sent(upstream)
    return str(body.get("input") or body.get("messages"))
