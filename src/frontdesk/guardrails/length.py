"""The limits on length: what is refused as too long, and how an answer is cut."""

from collections.abc import Sequence

from frontdesk.contract.guardrails import Finding, Guardrail, Text
from frontdesk.contract.turns import GuardrailNote

MARK = " […]"
CUT = GuardrailNote("output", "length", "length", "flag")


def length(limit: int) -> Guardrail:
    """Finds what stands beyond `limit` characters of a message, category `length`."""

    async def check(text: Text) -> Sequence[Finding]:
        size = len(text.original)
        return [Finding("length", limit, size)] if size > limit else []

    return Guardrail("length", check, stages=frozenset({"input"}))
