"""A run that stops for a person's approval, as text, and made into a run again."""

import secrets
from collections.abc import Mapping
from typing import Any

import orjson
from agents import Agent, ModelBehaviorError, RunContextWrapper, RunState, UserError
from agents.items import ToolApprovalItem
from agents.result import RunResultStreaming
from openai.types.responses import ResponseFunctionToolCall

from frontdesk.agents.wire import pair_of
from frontdesk.contract.approvals import Asked, Decision, Pause
from frontdesk.contract.context import Ledger, TurnContext
from frontdesk.contract.errors import ToolGone
from frontdesk.contract.turns import ToolUse
from frontdesk.sessions.pending import Decided

GONE = (
    "What was to be approved cannot be done any more: its tool or agent is not installed since"
    " the server was changed. Nothing was done."
)
REFUSED = "A person refused this call. Do not make it again unless the user asks for it anew."


def paused(run: RunResultStreaming, agent: str) -> Pause:
    """The run as it stands; of our context nothing is written down, for it holds a user's words."""
    state = run.to_state().to_string(context_serializer=_nothing)
    return Pause(state, agent, tuple(map(_asked, run.interruptions)))


async def resumed(
    agent: Agent[TurnContext], context: TurnContext, decided: Decided
) -> "RunState[TurnContext, Agent[TurnContext]]":
    """The run with what people said; its calls are as they were asked for.

    Raises:
        ToolGone: the agents or tools of the run are not there any more.
    """
    wrapped = RunContextWrapper(context)
    try:
        state = await RunState.from_string(agent, decided.pause.state, context_override=wrapped)
    except (UserError, ModelBehaviorError):
        raise ToolGone(GONE) from None
    said = {each.approval_id: each for each in decided.decisions}
    ids = {each.call_id: each.approval_id for each in decided.pause.asked}
    for item in state.get_interruptions():
        _answer(state, item, said[ids[str(item.call_id)]], context.ledger)
    return state


def _answer(
    state: "RunState[Any, Any]", item: ToolApprovalItem, decision: Decision, ledger: Ledger
) -> None:
    name, call = str(item.tool_name), item.raw_item
    if decision.approved:
        if all(tool.name != name for tool in item.agent.tools):
            raise ToolGone(GONE)
        state.approve(item)
        return
    told = f"{REFUSED} The reason: {decision.reason}" if decision.reason else REFUSED
    state.reject(item, rejection_message=told)
    ledger.tools.append(ToolUse(name, 0.0, False))
    if isinstance(call, ResponseFunctionToolCall):
        ledger.items.extend(pair_of(call, told))


def _asked(item: ToolApprovalItem) -> Asked:
    tool, arguments = str(item.tool_name), str(item.arguments or "{}")
    return Asked(
        f"appr_{secrets.token_hex(12)}", str(item.call_id), tool, _plain(arguments), item.agent.name
    )


def _plain(arguments: str) -> Mapping[str, Any]:
    try:
        value = orjson.loads(arguments)
    except ValueError:
        value = None
    return value if isinstance(value, dict) else {"arguments": arguments}


def _nothing(_context: Any) -> Mapping[str, Any]:
    return {}
