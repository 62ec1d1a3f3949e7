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
    text,
    together,
    tool_call,
)
from frontdesk.testing.visitor import Visitor

__all__ = [
    "FakeOpenAI",
    "Reply",
    "Request",
    "Visitor",
    "cut",
    "fake_openai",
    "handoff",
    "malformed",
    "overflow",
    "slow",
    "status",
    "text",
    "together",
    "tool_call",
]
