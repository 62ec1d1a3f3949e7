"""The checker of histories finds what it is there to find."""

from typing import Any

import pytest
from tests.histories import faults

USER, REPLY = {"role": "user", "content": "hi"}, {"role": "assistant", "content": "ho"}
CALL = {"type": "function_call", "call_id": "c", "name": "t", "arguments": "{}"}
RESULT = {"type": "function_call_output", "call_id": "c", "output": "1"}
CHAT_CALL = {"role": "assistant", "content": None, "tool_calls": [{"id": "c"}]}
CHAT_RESULT = {"role": "tool", "tool_call_id": "c", "content": "1"}


@pytest.mark.parametrize(
    "items",
    [
        [USER, REPLY, USER],
        [USER, CALL, RESULT, REPLY, USER],
        [USER, CHAT_CALL, CHAT_RESULT, REPLY],
    ],
)
def test_a_valid_conversation_has_no_fault(items: list[dict[str, Any]]) -> None:
    assert faults(items) == []


@pytest.mark.parametrize(
    "items",
    [
        [USER, USER],
        [USER, CALL, RESULT, USER],
        [USER, CALL, REPLY],
        [USER, RESULT, REPLY],
        [USER, CALL, RESULT, CALL, RESULT, REPLY],
        [USER, CHAT_CALL, REPLY, CHAT_RESULT],
        [USER, CHAT_CALL],
    ],
)
def test_a_broken_conversation_has_a_fault(items: list[dict[str, Any]]) -> None:
    assert faults(items)
