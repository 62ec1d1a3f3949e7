"""The budget without a limit: everybody may, nothing is counted."""

from frontdesk.budget.places import Place
from frontdesk.contract.context import Free, TurnContext
from frontdesk.contract.messages import Message


class Unlimited(Free):
    """Admits every message and pays for every call; the receipt still says what it cost."""

    async def admit(self, message: Message) -> Place:
        """Yes."""
        return Place()

    def open(self, context: TurnContext) -> "Unlimited":
        """Itself: there is nothing to keep apart."""
        return self
