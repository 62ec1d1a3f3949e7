"""What a tool is called with: a turn, and the check that looks at its result."""

from frontdesk.contract.context import Ledger, TurnContext
from frontdesk.contract.errors import GuardrailUnavailable
from frontdesk.contract.messages import Caller, Message


def turn(text: str = "hello", user: str = "ann") -> TurnContext:
    """A turn of a user who says this."""
    return TurnContext(Message("turn-1", Caller("acme", user), text), text, "session-1")


async def as_is(text: str, _ledger: Ledger) -> str:
    """A check that finds nothing."""
    return text


async def marked(text: str, _ledger: Ledger) -> str:
    """A check that leaves a mark on all that it saw."""
    return f"<{text}>"


async def broken(_text: str, _ledger: Ledger) -> str:
    """A check that cannot check."""
    raise GuardrailUnavailable("The check is down.")
