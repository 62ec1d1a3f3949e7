"""Counters: what a stretch of work costs this process and the Valkey that it talks to."""

import ctypes
import os
import platform
import struct
import time
from collections.abc import Awaitable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from redis.asyncio import Redis

PERF_EVENT_OPEN = {"x86_64": 298, "aarch64": 241}  # the number of the system call
INSTRUCTIONS = (0, 1)  # PERF_TYPE_HARDWARE, PERF_COUNT_HW_INSTRUCTIONS
USER_MODE = 1 << 1 | 1 << 5 | 1 << 6  # inherit, exclude_kernel, exclude_hv
SIZE = 64  # of the first version of perf_event_attr


@dataclass(frozen=True, slots=True)
class Cost:
    """What work has cost: CPU of this process and of the server in milliseconds, writes of the
    client to the server, bytes in both directions; `instructions` are this process's in user mode,
    None where the machine does not count them.
    """

    cpu_ms: float
    server_cpu_ms: float
    trips: float
    bytes: float
    instructions: float | None


def mean(costs: Sequence[Cost]) -> Cost:
    """The costs' mean."""
    counted = [cost.instructions for cost in costs if cost.instructions is not None]
    return Cost(
        fmean(cost.cpu_ms for cost in costs),
        fmean(cost.server_cpu_ms for cost in costs),
        fmean(cost.trips for cost in costs),
        fmean(cost.bytes for cost in costs),
        fmean(counted) if counted else None,
    )


class Perf:
    """A counter of the kernel for this thread and those that it starts later."""

    def __init__(self, file: int) -> None:
        self._file = file

    def read(self) -> int | None:
        """The count so far; None where the machine has no such counter."""
        return int.from_bytes(os.read(self._file, 8), "little") if self._file >= 0 else None


@contextmanager
def perf_counter(event: tuple[int, int] = INSTRUCTIONS) -> Iterator[Perf]:
    """Opens the counter, where there is one; `event` is the type and config of perf_event_open."""
    number = PERF_EVENT_OPEN.get(platform.machine()) if platform.system() == "Linux" else None
    file = -1
    if number:
        what = struct.pack("IIQQQQQ16x", event[0], SIZE, event[1], 0, 0, 0, USER_MODE)
        file = ctypes.CDLL(None).syscall(number, what, 0, -1, -1, 0)
    try:
        yield Perf(file)
    finally:
        if file >= 0:
            os.close(file)


class Counters:
    """All counters of a run."""

    def __init__(self, server: Redis, instructions: Perf) -> None:
        self._server = server
        self._instructions = instructions
        self._trips = 0

    def watch(self, client: Redis) -> None:
        """Counts each write of a client that has not connected yet."""
        pool = client.connection_pool
        pool.connection_class = self._counted(pool.connection_class)

    async def cost(self, work: Awaitable[object]) -> Cost:
        """Does the work; the clock of this process runs for nothing else."""
        bytes_before, server_before = await self._bytes(), await self._server_cpu_s()
        trips, instructions = self._trips, self._instructions.read()
        began = time.process_time()
        await work
        cpu_s, done = time.process_time() - began, self._instructions.read()
        trips = self._trips - trips
        server_s = await self._server_cpu_s() - server_before
        counted = None if instructions is None or done is None else done - instructions
        moved = await self._bytes() - bytes_before
        return Cost(cpu_s * 1e3, server_s * 1e3, trips, moved, counted)

    async def _server_cpu_s(self) -> float:
        used = await self._server.info("cpu")
        return float(used["used_cpu_user"]) + float(used["used_cpu_sys"])

    async def _bytes(self) -> int:
        """In and out of all connections but our own."""
        own = await self._server.client_id()
        lines = await self._server.client_list()
        others = (line for line in lines if int(line["id"]) != own)
        return sum(int(line["tot-net-in"]) + int(line["tot-net-out"]) for line in others)

    def _counted(self, kind: type[Any]) -> type[Any]:
        counters = self

        class Counted(kind):  # type: ignore[misc]  # whichever connection the pool makes
            async def send_packed_command(self, command: Any, check_health: bool = True) -> None:
                counters._trips += 1
                await super().send_packed_command(command, check_health)

        return Counted
