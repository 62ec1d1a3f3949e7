"""The budget without a limit: everybody may, nothing is counted."""

from frontdesk.contract.context import Free, TurnContext
from frontdesk.contract.messages import Message


class Unlimited(Free):
    """Admits every message and pays for every call; the receipt still says what it cost."""

    async def admit(self, message: Message) -> None:
        """Yes."""

    def open(self, context: TurnContext) -> "Unlimited":
        """Itself: there is nothing to keep apart."""
        return self
