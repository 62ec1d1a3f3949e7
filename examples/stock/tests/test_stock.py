"""What the stock server answers to agents."""

import json
from pathlib import Path

from frontdesk.plugins.mcp import mcp_plugin
from frontdesk.testing import scripted_desk, text, tool_call

FOLDER = Path(__file__).parent.parent
stock = mcp_plugin(json.loads((FOLDER / "mcp.json").read_text())["mcpServers"]["stock"], FOLDER)


async def test_an_agent_counts_and_reserves_for_the_user() -> None:
    count = tool_call("trial_count", {"product": "teapot"})
    reserve = tool_call("trial_reserve", {"product": "teapot"})
    async with scripted_desk(stock, reserve, count, text("11 are left.")) as ann:
        result = await ann.ask("Keep a teapot for me")

    assert result.answer == "11 are left."
    assert result.receipt
    assert [use.ok for use in result.receipt.tools] == [True, True]
