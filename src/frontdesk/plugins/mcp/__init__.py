"""MCP servers as plugins: named in a file, run by the SDK's own clients."""

from frontdesk.plugins.mcp.declarations import declared
from frontdesk.plugins.mcp.plugin import mcp_plugin

__all__ = ["declared", "mcp_plugin"]
