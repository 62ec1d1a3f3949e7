"""Whether a call of a tool may go on without a person."""

from collections.abc import Mapping
from typing import Any

import structlog

from frontdesk.contract.attempts import Failed, attempt
from frontdesk.contract.context import TurnContext
from frontdesk.contract.tools import Tool

ASK_S = 5.0

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
