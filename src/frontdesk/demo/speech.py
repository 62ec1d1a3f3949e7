"""The demo model's decisions in the SDK's form: output items with ids of their own, and usage."""

import uuid

from agents.usage import Usage
from openai.types.responses import (
    ResponseFunctionToolCall,
    ResponseOutputMessage,
    ResponseOutputText,
)

from frontdesk.demo.rules import Decision, Say

BYTES_PER_TOKEN = 4

Spoken = ResponseOutputMessage | ResponseFunctionToolCall


def spoken(decision: Decision) -> Spoken:
    """The decision as an output item."""
    if isinstance(decision, Say):
        return ResponseOutputMessage(
            id=f"msg_{uuid.uuid4().hex}",
            type="message",
            role="assistant",
            status="completed",
            content=[part(decision.text)],
        )
    return ResponseFunctionToolCall(
        id=f"fc_{uuid.uuid4().hex}",
        type="function_call",
        call_id=f"call_{uuid.uuid4().hex}",
        status="completed",
        name=decision.name,
        arguments=decision.arguments,
    )


def part(text: str) -> ResponseOutputText:
    """A text as the content of a message."""
    return ResponseOutputText(type="output_text", text=text, annotations=[], logprobs=[])


def usage_of(size: int, decision: Decision) -> Usage:
    """Token numbers from lengths in bytes; nothing was really counted."""
    said = decision.text if isinstance(decision, Say) else decision.name + decision.arguments
    sent, said_tokens = _tokens(size), _tokens(len(said.encode()))
    return Usage(
        requests=1,
        input_tokens=sent,
        output_tokens=said_tokens,
        total_tokens=sent + said_tokens,
    )


def _tokens(size: int) -> int:
    return max(1, size // BYTES_PER_TOKEN)
