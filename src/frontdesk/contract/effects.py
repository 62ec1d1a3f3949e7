"""Side effects: calls that change something in the world, and what came of them."""

import hashlib
from dataclasses import dataclass, replace
from typing import Literal, Protocol

import orjson


@dataclass(frozen=True, slots=True)
class Effect:
    """One call that changes something in the world.

    `key` is the same however often the turn is run: pass it on where an outside API takes an
    idempotency key. `arguments` are JSON. `number` counts the turn's effects from 0. A `new` effect
    is to be made now; one that was `begun` before and never `ended` has an unknown outcome; of one
    that has ended, `ok` and `text` are what the model was told.
    """

    key: str
    tool: str
    arguments: str
    number: int
    state: Literal["new", "begun", "ended"] = "new"
    ok: bool = False
    text: str = ""

    @property
    def told(self) -> str:
        """What a model is told of an effect that was begun before."""
        if self.state == "ended":
            return self.text
        return (
            f"The tool {self.tool} was interrupted: whether it changed anything is not known. Do "
            "not call it for this again; tell the user, who can find out."
        )


class Effects(Protocol):
    """Where a turn writes its effects down."""

    async def begin(self, effect: Effect) -> Effect:
        """Claims a new effect before it is made; answers it as an earlier try left it, if one did.

        Raises:
            Fenced: another process has taken the turn over.
            StoreUnavailable: it could not be written down.
        """

    async def end(self, effect: Effect) -> None:
        """Keeps the outcome. Raises StoreUnavailable."""

    async def earlier(self) -> tuple[Effect, ...]:
        """The effects that were begun so far, in their order. Raises StoreUnavailable."""


class Unrecorded:
    """For turns that nothing is kept of: every effect is new."""

    async def begin(self, effect: Effect) -> Effect:
        """Lets it happen."""
        return effect

    async def end(self, effect: Effect) -> None:
        """Keeps nothing."""

    async def earlier(self) -> tuple[Effect, ...]:
        """None is known."""
        return ()


def effect_of(
    session_id: str, turn_id: str, tool: str, arguments: str, counts: dict[str, int]
) -> Effect:
    """The next effect of a turn: known by session, turn, tool, arguments (JSON, always written the
    same way) and which of its like it is, which `counts` counts.
    """
    what = _digest(tool, arguments)
    number, nth = sum(counts.values()), counts.get(what, 0)
    counts[what] = nth + 1
    key = f"fx_{_digest(session_id, turn_id, what, str(nth))}"
    return Effect(key, tool, arguments, number)


def ended(effect: Effect, text: str, *, ok: bool) -> Effect:
    """The effect with its outcome."""
    return replace(effect, state="ended", ok=ok, text=text)


def _digest(*parts: str) -> str:
    return hashlib.sha256(orjson.dumps(parts)).hexdigest()[:32]
