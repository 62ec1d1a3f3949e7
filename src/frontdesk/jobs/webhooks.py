"""Webhooks: a turn in the background has ended, and whoever asked for it is told, signed, again and
again until they have heard it.
"""

import asyncio
import base64
import hmac
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpcore2
import structlog

from frontdesk.config import Settings
from frontdesk.contract.errors import NotFound
from frontdesk.contract.keys import OwnerKeys
from frontdesk.contract.turns import TurnResult
from frontdesk.jobs.board import Jobs
from frontdesk.jobs.destinations import Forbidden, Guarded
from frontdesk.sessions.connection import translated
from frontdesk.sessions.drivers import Turn
from frontdesk.sessions.holds import Hold
from frontdesk.sessions.instants import rfc3339
from frontdesk.sessions.store import Sessions

WEBHOOK = "webhook"
PREFIX = "whsec_"
WITHIN_S = 15.0
LOOK_S = 60.0
"""After which time it is looked whether a turn has ended whose end nobody told."""
PAUSES_S = (5, 30, 120, 600, 1800, 3600, 7200, 14_400, 28_800)
KEEP_S = round(timedelta(days=3).total_seconds())
GONE = 410

logger = structlog.get_logger(__name__)


def signed(secret: str, webhook_id: str, at: int, body: bytes) -> str:
    """The signature of a webhook by Standard Webhooks: `v1`, HMAC-SHA256 over id, time and body.

    The key is base64 after `whsec_`, else the text itself.
    """
    encoded = secret.startswith(PREFIX)
    key = base64.b64decode(secret.removeprefix(PREFIX)) if encoded else secret.encode()
    digest = hmac.digest(key, b"%b.%d.%b" % (webhook_id.encode(), at, body), "sha256")
    return f"v1,{base64.b64encode(digest).decode()}"


class Webhooks:
    """The webhooks of a deployment. Told are ids and the status: nothing that was said leaves to an
    address which only a request has named.
    """

    def __init__(
        self, sessions: Sessions, settings: Settings, pool: httpcore2.AsyncConnectionPool
    ) -> None:
        self._sessions, self._redis = sessions, sessions.redis
        self._secret = settings.webhook_secret
        self._pool = pool

    def around(self, turn: Turn, jobs: Jobs) -> Turn:
        """Running a turn, with its webhook: that it is owed is written down before it runs, so it
        comes also when this process dies.
        """

        async def run(hold: Hold) -> Hold | None:
            url = hold.message.webhook_url if self._secret else ""
            if url:
                await self._owe(hold, url)
                await self._submit(jobs, hold, LOOK_S)
            following = await turn(hold)
            if url:
                await self._submit(jobs, hold, 0.0)
            return following

        return run

    async def deliver(self, told: str, _attempt: int) -> float | None:
        """Tells of one turn: a handler of jobs."""
        owner, turn_id = json.loads(told)
        key = OwnerKeys(owner).webhook(turn_id)
        with translated():
            sealed: Any = await self._redis.hget(key, "url")
        try:
            result = await self._sessions.result(owner, turn_id)
        except NotFound:
            return None
        if sealed is None:
            return None
        if result.status in ("queued", "in_progress", "waiting"):
            return LOOK_S
        url = self._sessions.sealing.of(owner).open(sealed).decode()
        status = await self._sent(url, result)
        with translated():
            if 200 <= status < 300 or status == GONE:
                await self._redis.delete(key)
                return None
            tries: Any = await self._redis.hincrby(key, "tries", 1)
            logger.warning("webhook.failed", turn=turn_id, status=status, tries=tries)
            if tries > len(PAUSES_S):
                await self._redis.delete(key)
                return None
        return float(PAUSES_S[tries - 1])

    async def _owe(self, hold: Hold, url: str) -> None:
        key = OwnerKeys(hold.owner).webhook(hold.turn_id)
        sealed = self._sessions.sealing.of(hold.owner).seal(url.encode())
        with translated():
            pipe = self._redis.pipeline(transaction=True)
            pipe.hset(key, "url", sealed)
            pipe.expire(key, KEEP_S)
            await pipe.execute()

    async def _submit(self, jobs: Jobs, hold: Hold, delay_s: float) -> None:
        told = json.dumps([hold.owner, hold.turn_id])
        key = f"{WEBHOOK}:{hold.turn_id}"
        await jobs.submit(WEBHOOK, key, told, delay_s=delay_s, replaces=True)

    async def _sent(self, url: str, result: TurnResult) -> int:
        """The status of the answer; 0 when there was none."""
        secret = self._secret.get_secret_value() if self._secret else ""
        webhook_id = f"msg_{result.turn_id.removeprefix('turn_')}"
        at, data = int(time.time()), {"turn_id": result.turn_id, "session_id": result.session_id}
        event = {"type": f"turn.{result.status}", "timestamp": rfc3339(), "data": data}
        body = json.dumps(event).encode()
        headers = [
            ("content-type", "application/json"),
            ("webhook-id", webhook_id),
            ("webhook-timestamp", str(at)),
            ("webhook-signature", signed(secret, webhook_id, at, body)),
        ]
        try:
            async with asyncio.timeout(WITHIN_S):
                # Its answer is not read: the status is all that counts. Redirects are not followed.
                async with self._pool.stream("POST", url, headers=headers, content=body) as answer:
                    return int(answer.status)
        except (Forbidden, OSError, TimeoutError, httpcore2.NetworkError) as error:
            logger.warning("webhook.not_sent", turn=result.turn_id, error=type(error).__name__)
        except (httpcore2.TimeoutException, httpcore2.ProtocolError) as error:
            logger.warning("webhook.not_sent", turn=result.turn_id, error=type(error).__name__)
        return 0


@asynccontextmanager
async def open_webhooks(sessions: Sessions, settings: Settings) -> AsyncIterator[Webhooks]:
    """The webhooks of a deployment; where it has no secret to sign them, none are sent."""
    guarded = Guarded(settings.webhook_allow)
    async with httpcore2.AsyncConnectionPool(network_backend=guarded) as pool:
        yield Webhooks(sessions, settings, pool)
