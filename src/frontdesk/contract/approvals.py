"""Approvals: calls of tools that wait for a person, and what the person says."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Asked:
    """A call that waits. `arguments` are redacted: they are for people, the call has its own."""

    approval_id: str
    call_id: str
    tool: str
    arguments: Mapping[str, Any]
    agent: str

    def action(self, expires_at: str) -> dict[str, Any]:
        """As the outside reads it."""
        return {
            "approval_id": self.approval_id,
            "tool": self.tool,
            "arguments": self.arguments,
            "agent": self.agent,
            "expires_at": expires_at,
        }


@dataclass(frozen=True, slots=True)
class Pause:
    """A run that stopped for approvals: its SDK state (JSON, without the context), and `agent`, the
    one that began it.
    """

    state: str
    agent: str
    asked: tuple[Asked, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person said to one call; the `reason` of a refusal is for the model."""

    approval_id: str
    approved: bool
    reason: str = ""
