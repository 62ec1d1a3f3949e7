"""The tools of one MCP server as the SDK offers them to a model."""

import re
import time
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from typing import Any

import structlog
from agents import FunctionTool, RunContextWrapper, UserError
from agents.mcp import MCPToolMetaContext, MCPUtil
from agents.tool_context import ToolContext
from mcp.types import Tool as Listed

from frontdesk.contract.context import TurnContext
from frontdesk.contract.errors import PluginError
from frontdesk.contract.turns import ToolUse
from frontdesk.plugins.mcp.declarations import Declaration
from frontdesk.plugins.mcp.lines import Line, Meta
from frontdesk.plugins.mcp.tokens import TENANT, TOKEN, TURN, USER, UserTokens
from frontdesk.tools.hints import reads_only

LONGEST_NAME = 64
SLACK_S = 5.0
"""What a call may take beside the server, so that the server's own deadline strikes first."""

UNKNOWN = " Its outcome is unknown; do not call it again in this turn."

log = structlog.get_logger()


class NoToken(UserError):
    """The user has no token at this server; of this kind, for the SDK hides all other errors."""


def meta_of(declaration: Declaration) -> Meta:
    """What a call says about the turn that makes it, if the declaration wants it said."""
    tokens = UserTokens(declaration.user_tokens) if declaration.user_tokens else None

    def meta(call: MCPToolMetaContext) -> dict[str, Any] | None:
        turn: TurnContext = call.run_context.context
        if not declaration.send_user and tokens is None:
            return None
        said = {TENANT: turn.tenant, USER: turn.user, TURN: turn.turn_id}
        if tokens is None:
            return said
        token = _token(tokens, turn)
        return said if declaration.url else {**said, TOKEN: token}

    return meta


def _token(tokens: UserTokens, turn: TurnContext) -> str:
    try:
        token = tokens.of(turn.tenant, turn.user)
    except PluginError as error:
        log.error("mcp.tokens_unreadable", cause=error.detail)
        token = None
    if token is None:
        raise NoToken("This user has no access.")
    return token


def tools_of(
    name: str, declaration: Declaration, lines: list[Line], listed: list[Listed]
) -> tuple[FunctionTool, ...]:
    """A function tool for each that the server lists and the declaration allows."""
    prefix = name if declaration.prefix is None else declaration.prefix
    return tuple(
        _tool(_public(prefix, each.name), each, lines, declaration.timeout_s)
        for each in listed
        if declaration.offers(each.name)
    )


def _public(prefix: str, name: str) -> str:
    whole = f"{prefix}_{name}" if prefix else name
    return re.sub(r"[^a-zA-Z0-9_-]", "_", whole)[:LONGEST_NAME]


def _tool(public: str, listed: Listed, lines: list[Line], timeout_s: float) -> FunctionTool:
    made = {line: _on(line, public, listed) for line in lines}
    offered = copy(made[lines[0]])
    offered.on_invoke_tool = _Invocation(public, made)
    offered.timeout_seconds = timeout_s + SLACK_S
    return offered


def _on(line: Line, public: str, listed: Listed) -> FunctionTool:
    def failed(_run: RunContextWrapper[Any], error: Exception) -> str:
        if isinstance(error, NoToken):
            return f"The tool {public} was not called: this user has no access to its server."
        line.doubt(error)
        log.warning("tool.failed", tool=public, plugin=line.server.name, error=type(error).__name__)
        return f"The tool {public} failed: {type(error).__name__}.{warning}"

    # What the server itself says about its tool would else overrule what we say about the user.
    plain = listed.model_copy(update={"meta": None})
    tool = MCPUtil.to_function_tool(
        plain,
        line.server,
        convert_schemas_to_strict=False,
        failure_error_function=failed,
        tool_name_override=public,
    )
    warning = "" if reads_only(tool) else UNKNOWN
    return tool


@dataclass(frozen=True, slots=True)
class _Invocation:
    """Calls a tool on the line that has the least to do, and notes how it went."""

    name: str
    tools: Mapping[Line, FunctionTool]

    async def __call__(self, run: ToolContext[TurnContext], arguments: str) -> str:
        line = min(self.tools, key=lambda each: (each.away, each.calls))
        began, result = time.perf_counter(), None
        line.calls += 1
        try:
            if await line.ready():
                result = await self.tools[line].on_invoke_tool(run, arguments)
            else:
                result = f"The tool {self.name} was not called: its server does not answer."
        finally:
            line.calls -= 1
            ms = (time.perf_counter() - began) * 1000
            ok = result is not None and not isinstance(result, str)
            run.context.ledger.tools.append(ToolUse(self.name, ms, ok))
        return _text(result)


def _text(result: Any) -> str:
    """The text of a result; a string is what we say of a call that failed."""
    parts = result if isinstance(result, list) else [result]
    return "\n".join(each if isinstance(each, str) else _part(each) for each in parts)


def _part(part: Mapping[str, Any]) -> str:
    return str(part["text"]) if part["type"] == "text" else f"[{part['type']} left out]"
