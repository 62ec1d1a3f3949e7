"""Handlers: deterministic Python that sees a message before any model."""

import inspect
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
    """Nothing to say: the next handler, then the cache, then the agents. `ambiguous` says in the
    receipt that the handler saw more than one thing that it could have done.
    """

    ambiguous: bool = False


Outcome: TypeAlias = Answer | Enrich | Route | Reject | Pass
Handle: TypeAlias = Callable[[TurnContext], Awaitable[Outcome] | Outcome]
"""An async function; or one that blocks, which then runs in a thread."""


@dataclass(frozen=True, slots=True)
class Handler:
    """A named handler; lower `order` runs first, equal ones by name. Enrich and Route go on to the
    next handler, Answer and Reject end. `timeout_s` is its time budget in seconds: over it, or when
    it fails, the handler is passed over. `plugin` says who brings it; the loader writes it.
    """

    name: str
    handle: Handle
    order: int = 100
    timeout_s: float = 1.0
    plugin: str = ""

    async def ask(self, context: TurnContext) -> Outcome:
        """What the handler says, whether its function is async or not.

        Raises:
            TypeError: that is no outcome. Whatever else the function raises.
        """
        said = self.handle(context)
        outcome: object = await said if inspect.isawaitable(said) else said
        if not isinstance(outcome, Outcome):
            raise TypeError(f"the handler returned {type(outcome).__name__}, which is no outcome")
        return outcome
