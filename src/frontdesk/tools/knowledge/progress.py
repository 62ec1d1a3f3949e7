"""A progress bar for work that turns out to take long."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress

AFTER_S = 1.0


@contextmanager
def progress(
    total: int, console: Console, *, after_s: float = AFTER_S
) -> Iterator[Callable[[int], None]]:
    """Yields what takes the number of things done; the bar shows itself after `after_s` seconds,
    and on a terminal only.
    """
    bar = Progress(console=console, transient=True)
    task = bar.add_task("Reading the knowledge folders", total=total)
    shows_at = time.monotonic() + after_s

    def done(count: int) -> None:
        bar.update(task, completed=count)
        if console.is_terminal and time.monotonic() >= shows_at:
            bar.start()

    try:
        yield done
    finally:
        if bar.live.is_started:
            bar.stop()
