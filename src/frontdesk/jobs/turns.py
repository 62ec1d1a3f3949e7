"""Turns in the background as jobs: a job says only which session has work. Who runs it, and that it
runs once, is decided by the session's lease.
"""

import json

from frontdesk.jobs.board import Handler, Jobs
from frontdesk.sessions.store import Sessions
from frontdesk.sessions.takeovers import Place

TURN = "turn"


def placed_by(jobs: Jobs) -> Place:
    """Asks the workers for a turn through jobs."""

    async def place(owner: str, session_id: str, turn_id: str, fence: int) -> None:
        # With the fence: a turn whose worker died is asked for anew, a queued one only once.
        await jobs.submit(TURN, f"{turn_id}:{fence}", json.dumps([owner, session_id]))

    return place


def runner(sessions: Sessions) -> Handler:
    """Runs turns of jobs here; one that this process may not begin any more goes to another."""

    async def run(told: str, _attempt: int) -> float | None:
        owner, session_id = json.loads(told)
        return None if await sessions.drivers.work(owner, session_id) else 0.0

    return run
