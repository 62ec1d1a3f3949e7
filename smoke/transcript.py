"""A conversation as a client saw it, and whether it has the shape that it must have."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any


@dataclass(frozen=True, slots=True)
class Turn:
    """One message and the events that answered it. `result` is the answer object; times are
    seconds since the message left.
    """

    said: str
    pieces: tuple[str, ...]
    result: Mapping[str, Any]
    first_s: float
    total_s: float

    @property
    def answer(self) -> str:
        """The answer."""
        return str(self.result.get("answer") or "")

    def tokens(self, name: str) -> int:
        """`input`, `cached` or `output` tokens by the receipt."""
        return int((self.result.get("receipt") or {}).get(f"{name}_tokens", 0))


def faults(turns: Sequence[Turn], stored: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """What is wrong with a conversation; `stored` are the turns that its session has kept.

    That a request holds the earlier turns shows in its tokens: it is longer than the request
    before it together with the answer to that.
    """
    for number, turn in enumerate(turns, 1):
        yield from (f"turn {number} {fault}" for fault in _faults(turn))
    for number, (before, after) in enumerate(pairwise(turns), 2):
        if after.tokens("input") <= before.tokens("input") + before.tokens("output"):
            yield f"turn {number} was sent without what was said before"
    said = [(turn.said, turn.answer) for turn in turns]
    if [(kept["user"], kept["answer"]) for kept in stored] != said:
        yield "the session has kept something else than what was said"
    if len({turn.result.get("session_id") for turn in turns}) != 1:
        yield "the turns are not of one session"


def _faults(turn: Turn) -> Iterator[str]:
    result = turn.result
    if result.get("status") != "completed":
        error = result.get("error") or {}
        yield f"is {result.get('status')}: {error.get('detail', 'no reason is given')}"
    if result.get("rung") != "triage":
        yield f"came from {result.get('rung')}, not from the model of triage"
    if not turn.answer.strip():
        yield "has an empty answer"
    if len(turn.pieces) < 2:
        yield "did not come in pieces"
    if "".join(turn.pieces) != turn.answer:
        yield "streamed something else than its answer"
    if not turn.tokens("output"):
        yield "has no tokens in its receipt"


def told(turn: Turn) -> str:
    """The turn for a person to read."""
    measured = (
        f"{turn.first_s:.2f} s to the first of {len(turn.pieces)} pieces, {turn.total_s:.2f} s",
        f"{turn.tokens('input')} tokens in ({turn.tokens('cached')} cached)",
        f"{turn.tokens('output')} out",
        f"{turn.tokens('output') / turn.total_s:.0f} tokens/s",
    )
    return f"> {turn.said}\n{turn.answer}\n  {' · '.join(measured)}"
