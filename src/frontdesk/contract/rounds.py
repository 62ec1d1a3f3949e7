"""Rounds of a turn: one answer of a model and the tools that it asked for. Kept as they finish,
they let another process go on where one stopped.
"""

from typing import Protocol

from frontdesk.contract.approvals import Pause


class Rounds(Protocol):
    """What is kept of the rounds of one turn."""

    @property
    def wanted(self) -> bool:
        """Whether the rounds are to be kept."""

    async def keep(self, pause: Pause, event: int) -> None:
        """Keeps the turn as it stands at the end of a round, after its event of this number.

        Raises:
            Fenced: another process has taken the turn over, or it was forgotten.
            StoreUnavailable: it could not be written down.
        """

    async def remember(self, answer: str) -> None:
        """Keeps a model's answer (JSON) before its tools are called; the end of the round drops it.

        Raises:
            Fenced: another process has taken the turn over.
            StoreUnavailable: it could not be written down.
        """

    async def recall(self) -> str | None:
        """The answer that an earlier try of the turn got for the round which it did not finish; the
        first time only, then None. Raises StoreUnavailable.
        """


class Unkept:
    """For turns that nothing is kept of."""

    @property
    def wanted(self) -> bool:
        """No."""
        return False

    async def keep(self, pause: Pause, event: int) -> None:
        """Keeps nothing."""

    async def remember(self, answer: str) -> None:
        """Keeps nothing."""

    async def recall(self) -> str | None:
        """Nothing is known."""
        return None
