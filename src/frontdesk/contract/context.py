"""What travels through one turn: the frozen context, and the ledger in which the parts write what
they did.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any, Protocol

from frontdesk.contract.approvals import Pause
from frontdesk.contract.cancellation import Cancellation
from frontdesk.contract.effects import Effect, Effects, Unrecorded
from frontdesk.contract.facts import Fact
from frontdesk.contract.messages import Message
from frontdesk.contract.rounds import Rounds, Unkept
from frontdesk.contract.text import Language, language_of, spoken_language
from frontdesk.contract.turns import (
    GuardrailNote,
    HandlerUse,
    Item,
    SessionTotals,
    ToolUse,
    TurnRecord,
)


@dataclass(frozen=True, slots=True)
class ModelCall:
    """One call of a model, with the tokens that it reported; `estimated` where it was cut off and
    they are reckoned by the length of the texts.
    """

    agent: str
    model: str
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    reasoning_tokens: int
    estimated: bool = False


@dataclass(frozen=True, slots=True)
class SpanRecord:
    """One step of a turn as the trace keeps it: never with a user's text. Times are seconds since
    the epoch.
    """

    id: str
    parent: str | None
    kind: str
    name: str
    started: float
    ended: float
    data: Mapping[str, Any] = field(default_factory=dict)
    error: str | None = None


@dataclass(slots=True)
class Ledger:
    """What one turn did, written down while it runs; receipt, trace and history are made from it.

    `items` are the completed outputs of the models and tools in wire form: a call only with its
    result. `agent` answered last. `hops` counts handoffs; `released` says that a specialist gave
    the session back. `answer` is what was shown of the output message number `message`.
    `estimated_tokens` is our estimate of what the `calls` that reported their input were sent.
    `overflowed` says that a model could not take the window, so that it must move.
    `pause` is set when the run stopped for approvals.
    `effects` counts the side effects of each kind; `open_effects` are those under way, by key.
    `vault` maps (category, redacted value) to its placeholder: it lives in memory only.
    `condensed` is what models are shown in place of a long message.
    `text` is the message after it was looked at with those before it, None until then.
    `tenant` and `language` say which guardrail policy holds, and in which words it refuses.
    `given` are texts whose personal data this user may be shown: the user's own words and what
    tools returned; they live in memory only. `tainted` says that a tool's result tried to instruct
    the agents: tools with side effects are gone for the rest of the turn. `held_chars` and
    `held_ms` are the most that the gate held back, and the longest. `handed` are the calls of the
    client's tools that ended the run; `incomplete` says why the answer was cut, if it was.
    `first_text` is when text was shown first, in seconds since the epoch.
    """

    started: float = field(default_factory=time.time)
    stages: dict[str, tuple[float, float]] = field(default_factory=dict)
    calls: list[ModelCall] = field(default_factory=list)
    tools: list[ToolUse] = field(default_factory=list)
    notes: list[GuardrailNote] = field(default_factory=list)
    handlers: list[HandlerUse] = field(default_factory=list)
    spans: list[SpanRecord] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)
    agent: str | None = None
    hops: int = 0
    released: bool = False
    answer: str = ""
    condensed: str = field(default="", repr=False)
    message: int = 0
    estimated_tokens: int = 0
    overflowed: bool = False
    effects: dict[str, int] = field(default_factory=dict)
    pause: Pause | None = None
    open_effects: dict[str, Effect] = field(default_factory=dict)
    vault: dict[tuple[str, str], str] = field(default_factory=dict, repr=False)
    text: str | None = field(default=None, repr=False)
    tenant: str = ""
    language: Language = "en"
    given: list[str] = field(default_factory=list, repr=False)
    tainted: bool = False
    held_chars: int = 0
    held_ms: float = 0.0
    handed: list[Item] = field(default_factory=list)
    incomplete: str = ""
    first_text: float | None = None

    @classmethod
    def of(cls, tenant: str, text: str, **known: Any) -> "Ledger":
        """The ledger of a turn of this tenant that answers this text."""
        return cls(tenant=tenant, language=language_of(text), **known)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Times one step of the turn: name -> (start in seconds since the epoch, duration in
        milliseconds).
        """
        at, began = time.time(), time.perf_counter()
        try:
            yield
        finally:
            self.stages[name] = (at, (time.perf_counter() - began) * 1000)

    @contextmanager
    def aside(self, agent: str) -> Iterator["Ledger"]:
        """A ledger for what another agent does for this turn unheard: its calls and tools come back
        into this one, also when it fails; what it said does not.
        """
        apart: dict[str, Any] = {"calls": [], "tools": [], "items": [], "estimated_tokens": 0}
        own = replace(self, agent=agent, released=False, **apart)
        try:
            yield own
        finally:
            self.calls += own.calls
            self.tools += (replace(use, name=f"{agent}/{use.name}") for use in own.tools)
            self.estimated_tokens += own.estimated_tokens
            self.tainted = self.tainted or own.tainted

    @property
    def following(self) -> int:
        """The number of the next output message."""
        return self.message + 1 if self.answer else 0

    def say(self, text: str, message: int) -> None:
        """Adds a piece of text that was shown; a new message starts over."""
        if self.first_text is None:
            self.first_text = time.time()
        self.answer = self.answer + text if message == self.message else text
        self.message = message


class Spend(Protocol):
    """What one turn spends."""

    async def reserve(self, model: str) -> None:
        """Sets the price of one call of this model aside before it is made.

        Raises:
            BudgetExhausted: there is not that much left.
        """

    async def settle(self, call: ModelCall) -> None:
        """Books what a finished call really used."""


class Free:
    """The purse without a limit."""

    async def reserve(self, model: str) -> None:
        """Yes."""

    async def settle(self, call: ModelCall) -> None:
        """Nothing to book."""


@dataclass(frozen=True, slots=True)
class TurnContext:
    """What handlers, tools and agents see of the turn they work for.

    `text` is the message after the guardrails. `history` is the window that the session keeps for
    its models, oldest first. `agent` is the session's current agent by name, or None when no
    specialist holds it. `effects` is where what changes something in the world is written down
    before, so that it happens once. `user_facts` are what the user asked to remember, oldest first.
    `summary` tells what stood before the window; empty where there is none. `spend` is the purse
    that model calls of the turn are paid from. `effect_key` is there for tools with a side effect:
    the same for a call however often the turn is run, so that an outside API can tell a repeat.
    `opening` are calls of the client's tools with their outputs, which come before the message.
    `rounds` keep what the turn has done so far.
    """

    message: Message
    text: str
    session_id: str
    history: tuple[TurnRecord, ...] = ()
    agent: str | None = None
    totals: SessionTotals = field(default_factory=SessionTotals)
    ledger: Ledger = field(default_factory=Ledger)
    cancellation: Cancellation = field(default_factory=Cancellation)
    effects: Effects = field(default_factory=Unrecorded)
    user_facts: tuple[Fact, ...] = ()
    summary: str = ""
    spend: Spend = field(default_factory=Free)
    effect_key: str = ""
    opening: tuple[Item, ...] = ()
    rounds: Rounds = field(default_factory=Unkept)

    @property
    def turn_id(self) -> str:
        """The id of this turn."""
        return self.message.turn_id

    @property
    def tenant(self) -> str:
        """Who pays."""
        return self.message.caller.tenant

    @property
    def user(self) -> str:
        """Who speaks."""
        return self.message.caller.user

    @property
    def language(self) -> Language | None:
        """The language to answer in: that of the message, or of the last one before it where this
        is only a number or a command. None where nothing was said yet.
        """
        said = (record.user for record in reversed(self.history))
        return spoken_language(chain((self.text,), said))
