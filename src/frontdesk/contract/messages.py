"""What comes in: who speaks, and the message that starts a turn."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

OnBusy = Literal["enqueue", "reject", "interrupt"]
OnDisconnect = Literal["continue", "cancel"]
Channel = Literal["http", "cli", "slack"]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who speaks, as the credential says; never taken from the body of a request."""

    tenant: str
    user: str
    scopes: frozenset[str] = frozenset({"chat", "read"})


@dataclass(frozen=True, slots=True)
class Message:
    """One user message that asks for a turn.

    `session_id` is empty for a new session. `turn_id` is chosen by the channel: random, or derived
    from the caller and an Idempotency-Key, so that the same key is the same turn. `fingerprint` is
    a digest of the whole request; another one under the same `turn_id` is refused. `stream` says
    that somebody reads along: text then leaves as it comes.
    """

    turn_id: str
    caller: Caller
    text: str
    session_id: str = ""
    channel: Channel = "http"
    stream: bool = False
    on_busy: OnBusy = "enqueue"
    on_disconnect: OnDisconnect = "continue"
    instructions: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    request_id: str = ""
    fingerprint: str = ""
