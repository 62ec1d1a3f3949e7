"""Answers that are true for the same user again: exact match on the question, scope user.

An answer is kept when nothing but the question can have shaped it:

- the question stands alone (`question.stands_alone`), and no model saw an earlier turn beside it;
- triage answered by itself: no tool was called, nothing was handed over, no specialist holds the
  session;
- the client brought nothing of its own: no context, no tools, no wishes, no images;
- no guardrail did anything to the message or the answer: `[EMAIL_1]` is not the same for two
  messages, and an answer that was cut is not whole.

It is served, until its time is over, where it would come about in the same way: to the same user,
under the same version of the desk, the same instructions and the same facts that the user asked to
remember, in a session that no specialist holds, and that so far heard nothing or only this
question. A later "which one should I take?" must see what was said before it. The caller asks for
triage's answers only, and not for a message that handlers enriched or routed.

Redis being down makes a miss: the cache never stops a turn.
"""

import hmac
import json
import re
from collections.abc import Awaitable

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from frontdesk.cache.question import normalised, stands_alone
from frontdesk.contract.context import TurnContext
from frontdesk.contract.errors import BrokenRecord, StoreUnreadable
from frontdesk.contract.keys import OwnerKeys, owner_of
from frontdesk.contract.messages import Wishes
from frontdesk.sessions.sealing import Sealing

_PLACEHOLDER = re.compile(r"\[[A-Z_]+_\d+\]")


class AnswerCache:
    """Keeps answers `ttl_s` seconds; `version` names whatever of the desk shapes them (prompts,
    models, plugins): another version finds none of them.
    """

    def __init__(
        self, redis: Redis, secret: bytes, ttl_s: int, version: str, sealing: Sealing
    ) -> None:
        self._redis, self._secret, self._ttl_s, self._version = redis, secret, ttl_s, version
        self._sealing = sealing

    async def find(self, context: TurnContext) -> str | None:
        """The answer that this question had, or None."""
        if not _plain(context) or not _nothing_else_said(context):
            return None
        found = await _unless_down(self._redis.get(self._key(context)))
        return self._opened(context, found) if isinstance(found, bytes) else None

    async def keep(self, context: TurnContext, answer: str) -> None:
        """Keeps triage's answer of a completed turn, if it may be kept."""
        if not context.message.keeps:
            return
        if answer and _plain(context) and not _seen_turns(context) and not context.ledger.hops:
            sealed = self._sealing.of(self._owner(context)).seal(answer.encode())
            await _unless_down(self._redis.set(self._key(context), sealed, ex=self._ttl_s))

    def _opened(self, context: TurnContext, found: bytes) -> str | None:
        try:
            return self._sealing.of(self._owner(context)).open(found).decode()
        except (StoreUnreadable, BrokenRecord) as error:
            structlog.get_logger(__name__).warning("cache.unreadable", code=error.code)
            return None

    def _owner(self, context: TurnContext) -> str:
        return owner_of(self._secret, context.tenant, context.user)

    def _key(self, context: TurnContext) -> str:
        shaped_by = [self._version, normalised(context.text), context.message.instructions]
        shaped_by += [fact.text for fact in context.user_facts]
        # Keyed: a name that anybody can compute would tell whether a question was asked.
        digest = hmac.digest(self._secret, json.dumps(shaped_by).encode(), "sha256")
        return OwnerKeys(self._owner(context)).cache(digest.hex())


def _plain(context: TurnContext) -> bool:
    ledger, message = context.ledger, context.message
    return (
        not (message.context or message.client_tools or message.aside or context.opening)
        and not message.images
        and message.wishes == Wishes()
        and context.agent is None
        and not ledger.tools
        and not ledger.notes
        and not _PLACEHOLDER.search(context.text)
        and stands_alone(normalised(context.text))
    )


def _nothing_else_said(context: TurnContext) -> bool:
    asked = normalised(context.text)
    return all(normalised(said) == asked for said in _seen_turns(context))


def _seen_turns(context: TurnContext) -> list[str]:
    """What the user said in the turns that a model would be shown, whole or in the summary."""
    summed_up = [context.summary] if context.summary else []
    return summed_up + [turn.user for turn in context.history if turn.items]


async def _unless_down(reply: Awaitable[object]) -> object:
    try:
        return await reply
    except RedisError as error:
        structlog.get_logger(__name__).warning("cache.down", error=type(error).__name__)
        return None
