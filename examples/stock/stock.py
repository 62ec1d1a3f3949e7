"""An MCP server: what a shop has in stock. Run it by hand with `python stock.py`."""

from typing import Annotated

from mcp.server.mcpserver import Context, MCPServer
from mcp.types import ToolAnnotations
from pydantic import Field

READS = ToolAnnotations(read_only_hint=True)
PIECES = {"teapot": 12, "cup": 40, "tea towel": 0}

Product = Annotated[str, Field(pattern="^(teapot|cup|tea towel)$")]

server = MCPServer("stock", log_level="ERROR")
reserved: dict[tuple[str, str], int] = {}
"""Pieces by who reserved them and what they are."""


@server.tool(annotations=READS)
async def count(product: Product) -> str:
    """Says how many pieces of a product are in stock.

    Args:
        product: The product's name, such as teapot.
    """
    return f"{_left(product)} x {product}"


@server.tool()
async def reserve(product: Product, context: Context) -> str:
    """Reserves a piece of a product for the user who asks.

    Args:
        product: The product's name, such as teapot.
    """
    if not _left(product):
        return f"No {product} is left."
    meta = dict(context.request_context.meta or {})
    who = f"{meta.get('frontdesk/tenant')}/{meta.get('frontdesk/user')}"
    reserved[who, product] = reserved.get((who, product), 0) + 1
    return f"Reserved for you: {reserved[who, product]} x {product}"


def _left(product: str) -> int:
    return PIECES[product] - sum(n for (_, what), n in reserved.items() if what == product)


if __name__ == "__main__":
    server.run()
