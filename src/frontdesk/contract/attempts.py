"""Running code that is not ours: with a deadline, and so that its failure is a value for the caller
and never its end.
"""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from frontdesk.contract.errors import GuardrailUnavailable, place
from frontdesk.contract.guardrails import Blocked

T = TypeVar("T")


class Failed(Exception):
    """Foreign code failed; the error itself is the `__cause__`.

    `what` says what happened and `at` where (`file:line`); neither repeats the error's own message,
    in which a user's text may stand, so both may be logged and shown to a model.
    """

    def __init__(self, what: str, error: BaseException, origin: BaseException) -> None:
        super().__init__(what)
        self.what = what
        self.error = type(error).__name__
        self.at = place(origin)


async def attempt(work: Awaitable[T], timeout_s: float) -> T:
    """What the foreign code returns. A guardrail's verdict and our own cancellation pass through.

    Raises:
        Failed: it raised, tried to exit the process, or was not done within `timeout_s` seconds.
    """
    deadline = asyncio.timeout(timeout_s)
    try:
        async with deadline:
            return await work
    except (Blocked, GuardrailUnavailable):
        raise
    except asyncio.CancelledError as error:
        if _cancelled():
            raise
        raise Failed("it was cancelled from inside", error, error) from error
    except (Exception, SystemExit) as error:
        if deadline.expired():
            what = f"it did not finish within {timeout_s:g} s"
            raise Failed(what, error, error.__cause__ or error) from error
        raise Failed(f"it raised {type(error).__name__}", error, error) from error


def _cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
