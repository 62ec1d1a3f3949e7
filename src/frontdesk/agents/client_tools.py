"""The client's own tools: offered to the models beside the agents', never run here.

The runner stops before a call of a tool that needs approval, after it has run the other calls of
the same answer; nobody is asked here: what the run stops for is handed to the client.
"""

import json
import secrets
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from agents import FunctionTool, UserError
from agents.items import ToolApprovalItem

from frontdesk.contract.errors import FrontdeskError, InvalidRequest
from frontdesk.contract.messages import ClientTool
from frontdesk.contract.turns import Item
from frontdesk.sessions.brought import CALL, NAME

MOST_TOOLS = 128
MOST_SCHEMA_CHARS = 65_536


def check_tools(tools: Sequence[ClientTool], ours: Collection[str]) -> None:
    """Lets the client's tools pass beside `ours`.

    Raises:
        InvalidRequest: there are too many, or one has no proper name, the name of another one, or a
            schema that is not one of an object, or too long.
    """
    names = Counter(tool.name for tool in tools)
    if names.total() > MOST_TOOLS:
        raise InvalidRequest(f"A message may bring at most {MOST_TOOLS} tools.")
    for tool in tools:
        if not NAME.fullmatch(tool.name):
            raise InvalidRequest("The name of a tool has 1 to 64 letters, digits, `_` and `-`.")
        if names[tool.name] > 1:
            raise InvalidRequest(f"Two tools have the name {tool.name}.")
        if tool.name in ours:
            raise InvalidRequest(f"The desk has a tool {tool.name} of its own: rename yours.")
        _check_schema(tool)


def offered(tools: Iterable[ClientTool]) -> list[FunctionTool]:
    """The tools as models see them."""
    return [_function(tool) for tool in tools]


def handed(stopped_for: Iterable[ToolApprovalItem], taken: Collection[str]) -> list[Item]:
    """The calls for the client, each with an id that none of the `taken` is."""
    known, calls = set(taken), list[Item]()
    for item in stopped_for:
        call_id = str(item.call_id or "")
        if not call_id or call_id in known:
            call_id = f"call_{secrets.token_hex(12)}"
        known.add(call_id)
        name, arguments = str(item.tool_name), str(item.arguments or "{}")
        calls.append({"type": CALL, "call_id": call_id, "name": name, "arguments": arguments})
    return calls


def _check_schema(tool: ClientTool) -> None:
    if tool.parameters.get("type", "object") != "object":
        raise InvalidRequest(f"The parameters of {tool.name} must be the schema of an object.")
    if len(json.dumps(dict(tool.parameters))) > MOST_SCHEMA_CHARS:
        raise InvalidRequest(f"The schema of {tool.name} is too long.")
    try:
        _function(tool)
    except UserError:
        raise InvalidRequest(f"The schema of {tool.name} cannot be a strict one.") from None


def _function(tool: ClientTool) -> FunctionTool:
    return FunctionTool(
        name=tool.name,
        description=tool.description,
        params_json_schema={"type": "object", "properties": {}, **tool.parameters},
        on_invoke_tool=_never,
        strict_json_schema=tool.strict,
        needs_approval=True,
    )


async def _never(_run: Any, _arguments: str) -> str:
    raise FrontdeskError("A tool of the client was called here.")
