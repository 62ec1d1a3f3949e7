"""Whether a tool changes something in the world, as far as that is known."""

from typing import TYPE_CHECKING

from agents import FunctionTool

from frontdesk.contract.tools import Tool

if TYPE_CHECKING:
    from agents.tool import Tool as SdkTool


def reads_only(tool: "Tool | SdkTool") -> bool:
    """Whether it changes nothing, by its own word: of the SDK's tools only those of MCP servers
    have one (`readOnlyHint`), and what says nothing counts as one that does.
    """
    if isinstance(tool, Tool):
        return not tool.side_effect
    hints = tool.mcp_annotations if isinstance(tool, FunctionTool) else None
    return hints is not None and hints.read_only_hint is True
