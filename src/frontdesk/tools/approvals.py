"""Whether a call of a tool may go on without a person, and what the person is shown of it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

import structlog

from frontdesk.contract.approvals import Pause
from frontdesk.contract.attempts import Failed, attempt
from frontdesk.contract.context import TurnContext
from frontdesk.contract.guardrails import Blocked
from frontdesk.contract.tools import Tool

ASK_S = 5.0
WITHHELD = "[withheld]"

log = structlog.get_logger()


async def needs_approval(tool: Tool, context: TurnContext, arguments: Mapping[str, Any]) -> bool:
    """Whether a person must approve this call; yes also when the tool's own answer fails."""
    if isinstance(tool.needs_approval, bool):
        return tool.needs_approval
    try:
        return await attempt(tool.needs_approval(context, dict(arguments)), ASK_S)
    except Failed as failed:
        log.error("tool.approval_unknown", tool=tool.name, error=failed.error, at=failed.at)
        return True


async def redacted(pause: Pause, check: Callable[[str], Awaitable[str]]) -> Pause:
    """With the arguments as people may see them: each text in them as the check leaves it."""
    asked = [replace(each, arguments=await _checked(each.arguments, check)) for each in pause.asked]
    return replace(pause, asked=tuple(asked))


async def _checked(value: Any, check: Callable[[str], Awaitable[str]]) -> Any:
    if isinstance(value, str):
        try:
            return await check(value)
        except Blocked:
            return WITHHELD
    if isinstance(value, list):
        return [await _checked(each, check) for each in value]
    if isinstance(value, Mapping):
        return {key: await _checked(each, check) for key, each in value.items()}
    if isinstance(value, int | float) and not isinstance(value, bool):
        text = str(value)
        shown = await _checked(text, check)
        return value if shown == text else shown
    return value
