"""Whether time tells which key ids exist: `make timing`.

A wrong secret under an id that exists and the same under one that does not, asked for in random
order on an embedded server; the two sets of times are compared by the t-test of Welch, after the
slowest twentieth of both is cut off (Reparaz and others, "dude, is my code constant time?", 2017).
|t| below 4.5 says that no difference was found.
"""

import asyncio
import random
import secrets
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from frontdesk.config import load_settings
from frontdesk.server.api_keys import ApiKeys
from frontdesk.sessions.connection import open_redis
from frontdesk.sessions.embedded import embedded_server
from frontdesk.tracing.logs import set_up_logs

CALLS = 5000
LIMIT = 4.5


async def measured() -> tuple[list[float], list[float]]:
    """The times of `CALLS` calls of each kind, in seconds."""
    with tempfile.TemporaryDirectory() as folder:
        async with embedded_server(Path(folder)) as url, open_redis(url) as redis:
            keys = ApiKeys(redis)
            known = [(await keys.create("shop", f"user-{n}"))[0] for n in range(100)]
            return await _times(keys, known)


def t_of(one: Sequence[float], two: Sequence[float]) -> float:
    """Welch's t of two sets of times, each without its slowest twentieth."""
    fast = [sorted(times)[: len(times) * 19 // 20] for times in (one, two)]
    spread = sum(statistics.variance(times) / len(times) for times in fast)
    return float((statistics.mean(fast[0]) - statistics.mean(fast[1])) / spread**0.5)


async def _times(keys: ApiKeys, known: Sequence[str]) -> tuple[list[float], list[float]]:
    there: list[float] = []
    missing: list[float] = []
    order = [True, False] * CALLS
    random.shuffle(order)
    for exists in order:
        key_id = random.choice(known) if exists else secrets.token_hex(8)  # noqa: S311 - no secret
        token = f"fd_{key_id}_{secrets.token_hex(24)}"
        before = time.perf_counter()
        await keys.find(token)
        (there if exists else missing).append(time.perf_counter() - before)
    return there, missing


def main() -> int:
    """Prints t; 1 when a difference was found."""
    set_up_logs(load_settings(log_level="warning"))
    there, missing = asyncio.run(measured())
    t = t_of(there, missing)
    medians = " and ".join(f"{statistics.median(each) * 1e6:.0f}" for each in (there, missing))
    print(f"2 x {CALLS} wrong keys: t = {t:.2f}; medians {medians} microseconds")
    return int(abs(t) >= LIMIT)


if __name__ == "__main__":
    sys.exit(main())
