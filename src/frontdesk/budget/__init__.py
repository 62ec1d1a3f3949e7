"""Who may spend how much: asked before a message is taken in and around every model call."""

from typing import Protocol

from frontdesk.budget.unlimited import Unlimited
from frontdesk.contract.context import Spend, TurnContext
from frontdesk.contract.messages import Message

__all__ = ["Budget", "Spend", "Unlimited"]


class Budget(Protocol):
    """What the deployment, its tenants and their users may spend."""

    async def admit(self, message: Message) -> None:
        """Lets a message in.

        Raises:
            RateLimited: its sender asks too often.
        """

    def open(self, context: TurnContext) -> Spend:
        """The purse of one turn."""
