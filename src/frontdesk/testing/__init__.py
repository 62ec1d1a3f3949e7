"""For tests of frontdesk, of plugins and of deployments: the outside world, faked."""

from frontdesk.testing.fake_openai import (
    FakeOpenAI,
    Reply,
    Request,
    cut,
    fake_openai,
    handoff,
    malformed,
    overflow,
    slow,
    status,
    stopped,
    text,
    together,
    tool_call,
)
from frontdesk.testing.trials import ToolFailed, a_turn, parts_of, run_tool, scripted_desk
from frontdesk.testing.visitor import Visitor

__all__ = [
    "FakeOpenAI",
    "Reply",
    "Request",
    "ToolFailed",
    "Visitor",
    "a_turn",
    "cut",
    "fake_openai",
    "handoff",
    "malformed",
    "overflow",
    "parts_of",
    "run_tool",
    "scripted_desk",
    "slow",
    "status",
    "stopped",
    "text",
    "together",
    "tool_call",
]
