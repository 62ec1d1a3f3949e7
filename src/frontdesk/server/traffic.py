"""What is going on at this process's door: open streams, readers that came back, the loop's lag."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOK_S = 0.5
LAGS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)
EVENTS = b"text/event-stream"


class Traffic:
    """Numbers of one process; `registry` gives them out."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self.streams = Gauge(
            "frontdesk_active_streams", "Streams of events being sent.", registry=registry
        )
        self.resumes = Counter(
            "frontdesk_stream_resumes", "Readers that came back to a stream.", registry=registry
        )
        self._lag = Histogram(
            "frontdesk_loop_lag_seconds",
            "How late the event loop comes to what is due, looked at twice a second.",
            buckets=LAGS,
            registry=registry,
        )

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """Looks at the lag of the event loop meanwhile."""
        looking = asyncio.create_task(self._look())
        try:
            yield
        finally:
            looking.cancel()
            with suppress(asyncio.CancelledError):
                await looking

    async def _look(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + LOOK_S
            await asyncio.sleep(LOOK_S)
            self._lag.observe(max(0.0, loop.time() - due))


class CountedStreams:
    """Counts the answers that are streams of events while they are sent (ASGI middleware)."""

    def __init__(self, app: ASGIApp, traffic: Traffic) -> None:
        self.app, self.traffic = app, traffic

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        streams = False

        async def seen(message: Message) -> None:
            nonlocal streams
            if message["type"] == "http.response.start" and _is_stream(message):
                streams = True
                self.traffic.streams.inc()
            await send(message)

        try:
            await self.app(scope, receive, seen)
        finally:
            if streams:
                self.traffic.streams.dec()


def _is_stream(message: Message) -> bool:
    return any(
        name.lower() == b"content-type" and value.startswith(EVENTS)
        for name, value in message["headers"]
    )
