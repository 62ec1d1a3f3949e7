"""A message together with those before it: what was split over turns is found where it ends."""

from collections.abc import Sequence
from dataclasses import replace

from frontdesk.contract.guardrails import Guardrail
from frontdesk.guardrails.checkpoint import Checkpoint, Ruling

MESSAGES = 3
CHARS = 2_000
"""How far back is looked."""


async def look_back(checkpoint: Checkpoint, earlier: Sequence[str], text: str) -> list[Ruling]:
    """What is to be done about the text because of the messages before it, oldest first: findings
    that reach into it, of categories that neither it nor they have alone. A mere suspicion of
    several messages together counts for nothing.

    Raises:
        GuardrailUnavailable: a check failed.
    """
    before = " ".join(each for each in earlier[-MESSAGES:] if each)[-CHARS:]
    if not before or not text:
        return []
    checkpoint = replace(checkpoint, guardrails=tuple(filter(_near, checkpoint.guardrails)))
    before += "" if _goes_on(before, text) else " "
    shift = len(before)
    found = [
        each
        for each in await checkpoint.rulings(before + text)
        if each.end > shift and each.action != "flag"
    ]
    if not found:
        return []
    alone = [*await checkpoint.rulings(before), *await checkpoint.rulings(text)]
    known = {ruling.category for ruling in alone}
    return [
        replace(each, start=max(0, each.start - shift), end=each.end - shift)
        for each in found
        if each.category not in known
    ]


def _near(guardrail: Guardrail) -> bool:
    """Whether it finds places in a text; one that judges whole messages would judge a mixture."""
    return guardrail.reach > 0


def _goes_on(before: str, text: str) -> bool:
    """Whether a number may have been cut between them."""
    return all(char.isdecimal() or char == "-" for char in (before[-1], text[0]))
