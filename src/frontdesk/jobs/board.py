"""What the rest of frontdesk sees of jobs, whatever engine runs them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal, Protocol

State = Literal["scheduled", "queued", "running", "completed", "failed", "cancelled"]

Handler = Callable[[str, int], Awaitable[float | None]]
"""Does a job of one kind: what it is told (JSON), and which attempt this is, from 1 on. Answers
after how many seconds to do it again, None when it is done. A worker that dies while it does one
leaves it to another, so a handler may meet a job that was done before.
"""


@dataclass(frozen=True, slots=True)
class Progress:
    """How a job stands: `done` of `total` steps, where its handler counts them."""

    state: State
    done: int = 0
    total: int = 0


class Jobs(Protocol):
    """The jobs of a deployment. They are told ids and JSON, nothing of what users say."""

    async def submit(
        self, kind: str, key: str, told: str, *, delay_s: float = 0.0, replaces: bool = False
    ) -> bool:
        """Has some worker do a job; whether it is new. One that is known under its `key` and not
        done yet stays as it is, or is put off or brought forward if this one `replaces` it.

        Raises:
            StoreUnavailable: Redis does not answer.
        """

    def work(self, most: int, lease_s: float) -> None:
        """Does jobs from now on, at most so many at once. One whose worker is silent for `lease_s`
        seconds is done by another.
        """

    def rest(self) -> None:
        """Takes no more jobs; those that it does it does to their end."""

    async def cancel(self, key: str) -> None:
        """Takes a job back, also while it is done. Raises StoreUnavailable."""

    async def progress(self, key: str) -> Progress | None:
        """How a job stands; None where none is known, or it was done long ago.

        Raises:
            StoreUnavailable: Redis does not answer.
        """
