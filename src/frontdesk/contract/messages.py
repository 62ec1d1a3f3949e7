"""What comes in: who speaks, and the message that starts a turn."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from frontdesk.contract.turns import Item

OnBusy = Literal["enqueue", "reject", "interrupt"]
OnDisconnect = Literal["continue", "cancel"]
Channel = Literal["http", "cli", "slack"]

UNLIMITED = "unlimited"
"""The scope of who need not be limited: somebody on this machine, where no credential exists."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who speaks, as the credential says; never taken from the body of a request. `key` is the id
    of the API key that says so, empty where it is a token or nothing.
    """

    tenant: str
    user: str
    scopes: frozenset[str] = frozenset({"chat", "read"})
    key: str = ""


@dataclass(frozen=True, slots=True)
class ClientTool:
    """A function that the client itself runs: the agents may ask for it, which ends the turn.
    `parameters` is a JSON Schema of an object.
    """

    name: str
    description: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    strict: bool = False


@dataclass(frozen=True, slots=True)
class Wishes:
    """How a client wants its models to answer this turn; None leaves it to the agents' settings.

    `tool_choice` is auto, none, required or the name of a client's tool. `text_format` is the
    `text.format` of the Responses API; `effort` its `reasoning.effort`.
    """

    temperature: float | None = None
    top_p: float | None = None
    max_output_tokens: int | None = None
    tool_choice: str | None = None
    parallel_tool_calls: bool | None = None
    text_format: Mapping[str, Any] | None = None
    effort: str | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """One user message that asks for a turn.

    `session_id` is empty for a new session. `turn_id` is chosen by the channel: random, or derived
    from the caller and an Idempotency-Key, so that the same key is the same turn. `fingerprint` is
    a digest of the whole request; another one under the same `turn_id` is refused. `stream` says
    that somebody reads along: text then leaves as it comes.

    What OpenAI's protocols add: `context` are the items (Responses wire form, oldest first) that
    stand before the message in place of the session's history, None where the session's history
    does; it may end with outputs of the client's tools, and then `text` may be empty. `outputs` are
    those that the last turn of the session waits for, where its history stands. `agent` is who
    shall begin, empty for the session's own. `aside` marks a chat client's call for itself (a
    title, tags): the cheapest agent answers, without tools, handlers, handoffs or cache. `keeps` is
    false for a turn that no session lists and no later turn remembers. `approves` is false where
    nobody could be asked to approve a call.

    `opens` says that the session of this id is made where there is none yet: the client calls it by
    a name of its own. `background` says that nobody waits: what the turn does is kept round by
    round, so that it survives its process; `webhook_url` is where its end is told.

    `images` are parts in Responses wire form (`input_image`, a data: URL). Models are shown them in
    this turn only, and no guardrail looks at them; the text has a mark for each.
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
    context: tuple[Item, ...] | None = None
    client_tools: tuple[ClientTool, ...] = ()
    wishes: Wishes = field(default_factory=Wishes)
    agent: str = ""
    aside: bool = False
    keeps: bool = True
    opens: bool = False
    outputs: tuple[Item, ...] = ()
    approves: bool = True
    background: bool = False
    webhook_url: str = ""
    images: tuple[Item, ...] = ()

    @property
    def new(self) -> bool:
        """Whether its session may have to be made."""
        return self.passing or self.opens or not self.session_id

    @property
    def attended(self) -> bool:
        """Whether somebody could approve a call of a tool: nobody can who speaks a protocol that
        has no words for it.
        """
        foreign = self.context is not None or self.client_tools or self.outputs
        return self.approves and not (self.passing or foreign)

    @property
    def passing(self) -> bool:
        """Whether nothing is to be kept of its turn but the turn itself, for a short time."""
        return self.aside or not self.keeps

    def wordless(self) -> "Message":
        """The message without anything that was said in it."""
        silent = replace(self, text="", instructions="", metadata={}, context=None, outputs=())
        return replace(silent, client_tools=(), wishes=Wishes(), images=())
