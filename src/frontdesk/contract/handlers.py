"""Handlers: deterministic Python that sees a message before any model."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias

from frontdesk.contract.context import TurnContext


@dataclass(frozen=True, slots=True)
class Answer:
    """The turn is answered here, without a model. `fresh` makes the agents forget everything before
    it.
    """

    text: str
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class Enrich:
    """A fact for the model, put before the user's message."""

    fact: str


@dataclass(frozen=True, slots=True)
class Route:
    """This agent takes the turn."""

    agent: str


@dataclass(frozen=True, slots=True)
class Reject:
    """The turn ends as blocked, with this text for the user."""

    text: str
    category: str = "handler"


@dataclass(frozen=True, slots=True)
class Pass:
    """Nothing to say: the next handler, then the cache, then the agents."""


Outcome: TypeAlias = Answer | Enrich | Route | Reject | Pass
Handle = Callable[[TurnContext], Awaitable[Outcome]]


@dataclass(frozen=True, slots=True)
class Handler:
    """A named handler; lower `order` runs first. Enrich and Route go on to the next handler, Answer
    and Reject end. `timeout_s` is its deadline in seconds; a handler that fails counts as Pass.
    `plugin` says who brings it; the loader writes it.
    """

    name: str
    handle: Handle
    order: int = 100
    timeout_s: float = 5.0
    plugin: str = ""
