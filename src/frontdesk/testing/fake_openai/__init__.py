"""A fake OpenAI: a real HTTP server that speaks `/v1/responses` and `/v1/chat/completions`,
streaming and not, and answers what a test or the message itself asks for.

    async with fake_openai() as fake:
        client = AsyncOpenAI(base_url=fake.base_url, api_key="any")
        fake.script(tool_call("clock"), text("It is noon."))

What is not scripted is answered by the markers in the last user message (`markers`); so a server
in another process can be driven by what its users say. `python -m frontdesk.testing.fake_openai`
serves it alone. It checks no key. It refuses, as OpenAI does, a tool call without its result and a
result without its call.
"""

from frontdesk.testing.fake_openai.answers import (
    Call,
    Reply,
    cut,
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
from frontdesk.testing.fake_openai.server import FakeOpenAI, Request, fake_openai

__all__ = [
    "Call",
    "FakeOpenAI",
    "Reply",
    "Request",
    "cut",
    "fake_openai",
    "handoff",
    "malformed",
    "overflow",
    "slow",
    "status",
    "stopped",
    "text",
    "together",
    "tool_call",
]
