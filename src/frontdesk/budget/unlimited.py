"""The budget without a limit: everybody may, nothing is counted."""

from frontdesk.contract.context import ModelCall, TurnContext
from frontdesk.contract.messages import Message


class Unlimited:
    """Admits every message and pays for every call; the receipt still says what it cost."""

    async def admit(self, message: Message) -> None:
        """Yes."""

    def open(self, context: TurnContext) -> "Unlimited":
        """Itself: there is nothing to keep apart."""
        return self

    async def reserve(self, model: str) -> None:
        """Yes."""

    async def settle(self, call: ModelCall) -> None:
        """Nothing to book."""
