"""Jobs on pydocket: a queue in our Redis, with workers, delays and capacity."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import structlog
from docket import Docket, Worker
from docket.execution import Disposition

from frontdesk.contract.errors import place
from frontdesk.contract.keys import JOBS
from frontdesk.jobs.board import Handler, Progress
from frontdesk.sessions.connection import translated

TASK = "job"
CHECK_S = 0.1
AGAIN_S = 30.0
"""After which time a job is done again whose handler raised."""

logger = structlog.get_logger(__name__)


class DocketJobs:
    """The jobs of a deployment; `handlers` by kind do them in the processes that work. `ending` is
    when this process is done with them.
    """

    def __init__(
        self, docket: Docket, handlers: Mapping[str, Handler], ending: AsyncExitStack
    ) -> None:
        self._docket, self._handlers, self._ending = docket, handlers, ending
        self._task: asyncio.Task[None] | None = None
        docket.register(self._job, [TASK])

    async def submit(
        self, kind: str, key: str, told: str, *, delay_s: float = 0.0, replaces: bool = False
    ) -> bool:
        """As `Jobs.submit`."""
        return await self._submit(kind, key, told, 1, delay_s, replaces)

    async def cancel(self, key: str) -> None:
        """As `Jobs.cancel`."""
        with translated():
            await self._docket.cancel(key)

    async def progress(self, key: str) -> Progress | None:
        """As `Jobs.progress`."""
        with translated():
            found = await self._docket.get_execution(key)
        if found is None:
            return None
        counted = found.progress
        return Progress(found.state.value, counted.current or 0, counted.total)

    def work(self, most: int, lease_s: float) -> None:
        """Does jobs from now on, at most so many at once, until `rest`; at the end it waits for
        those that it does. One whose worker is silent for `lease_s` seconds is done by another.
        """
        worker = Worker(
            self._docket,
            name=uuid4().hex,
            concurrency=most,
            redelivery_timeout=timedelta(seconds=lease_s),
            minimum_check_interval=timedelta(seconds=CHECK_S),
            schedule_automatic_tasks=False,
        )
        self._task = asyncio.create_task(_run(worker))
        self._ending.push_async_callback(asyncio.wait, [self._task])
        self._ending.callback(self.rest)

    def rest(self) -> None:
        """Takes no more jobs."""
        if self._task and not self._task.cancelling():
            self._task.cancel()

    async def _job(self, kind: str, key: str, told: str, attempt: int) -> None:
        try:
            again = await self._handlers[kind](told, attempt)
        except Exception as error:  # noqa: BLE001 - a job that failed must not be lost
            logger.error("job.failed", kind=kind, error=type(error).__name__, at=place(error))
            again = AGAIN_S
        if again is not None:
            await self._submit(kind, key, told, attempt + 1, again, replaces=True)

    async def _submit(
        self, kind: str, key: str, told: str, attempt: int, delay_s: float, replaces: bool
    ) -> bool:
        when = datetime.now(UTC) + timedelta(seconds=delay_s)
        add = self._docket.replace if replaces else self._docket.add
        with translated():
            made = await add(TASK, when=when, key=key)(kind, key, told, attempt)
        return made.disposition is Disposition.SCHEDULED


async def _run(worker: Worker) -> None:
    async with worker:  # in a task of its own: it sets context variables
        await worker.run_forever()


@asynccontextmanager
async def open_docket(url: str, handlers: Mapping[str, Handler]) -> AsyncIterator[DocketJobs]:
    """The jobs that are in this Redis.

    Raises:
        StoreUnavailable: Redis does not answer.
    """
    logging.getLogger("docket").setLevel(logging.WARNING)  # else two lines for each job
    async with AsyncExitStack() as ending:
        with translated():
            docket = await ending.enter_async_context(Docket(name=JOBS, url=url))
        yield DocketJobs(docket, handlers, ending)
