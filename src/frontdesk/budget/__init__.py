"""Who may spend how much: asked before a message is taken in and around every model call."""

from typing import Protocol

from frontdesk.budget.limited import Limited
from frontdesk.budget.places import Place
from frontdesk.budget.unlimited import Unlimited
from frontdesk.contract.context import Spend, TurnContext
from frontdesk.contract.messages import Message

__all__ = ["Budget", "Limited", "Place", "Spend", "Unlimited"]


class Budget(Protocol):
    """What the deployment, its tenants and their users may spend."""

    async def admit(self, message: Message) -> Place:
        """Lets a message in; its place is the turn's while it runs.

        Raises:
            RateLimited: too many turns of its sender run at once.
            Overloaded: too many run in this process.
        """

    def open(self, context: TurnContext) -> Spend:
        """The purse of one turn."""
