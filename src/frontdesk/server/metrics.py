"""`GET /metrics`: the numbers of this process for Prometheus."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, Metric, generate_latest
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response

from frontdesk.desk import Desk
from frontdesk.server.description import Content, described
from frontdesk.server.reception import admit, reception
from frontdesk.server.traffic import Traffic

ADMIN = "admin"
EXAMPLE = """\
# HELP frontdesk_turns_total Turns that ended.
# TYPE frontdesk_turns_total counter
frontdesk_turns_total{channel="http",process="7",status="completed"} 42.0
"""
SHOWN = Content(example=EXAMPLE, media="text/plain", note="The text format of Prometheus.")

router = APIRouter()


@router.get("/metrics", **described(ADMIN, answers=SHOWN))
async def show_metrics(request: Request) -> Response:
    """The numbers of the process that answers, each with the label `process`: several processes
    behind one address are told apart by it.
    """
    visit = await admit(request, ADMIN, named=False)
    text = generate_latest(Numbers(visit.desk, reception(request).traffic))
    headers = {"Content-Type": CONTENT_TYPE_LATEST, "Cache-Control": "no-store"}
    return Response(text, headers=headers)


@dataclass(frozen=True, slots=True)
class Numbers(Collector):
    """All numbers of a process."""

    desk: Desk
    traffic: Traffic

    def collect(self) -> Iterable[Metric]:
        """The metrics, each sample with the label `process`."""
        label = {"process": str(os.getpid())}
        for metric in self._found():
            metric.samples = [
                sample._replace(labels={**sample.labels, **label}) for sample in metric.samples
            ]
            yield metric

    def _found(self) -> Iterable[Metric]:
        yield from self.desk.traces.metrics.registry.collect()
        yield from self.traffic.registry.collect()
        failures: Mapping[str, int] = self.desk.guards.failures
        yield _counter("guardrail_failures", "Checks that failed.", failures, "guardrail")
        counts = self.desk.sessions.counts
        yield _counter(
            "recovered_turns",
            "Turns taken over from a process that was gone.",
            {"": counts["recovered"]},
        )
        yield _counter("fenced", "Turns that another process took over.", {"": counts["fenced"]})


def _counter(name: str, meaning: str, counts: Mapping[str, int], *labels: str) -> Metric:
    family = CounterMetricFamily(f"frontdesk_{name}", meaning, labels=labels)
    for value, count in counts.items():
        family.add_metric([value] if labels else [], count)
    return family
