"""Summaries: what stood before a session's window, in short. One at a time is made of a session."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

import structlog

from frontdesk.contract.context import ModelCall
from frontdesk.contract.errors import BrokenRecord
from frontdesk.contract.keys import OwnerKeys
from frontdesk.contract.turns import TurnRecord
from frontdesk.sessions.history import read_turns
from frontdesk.sessions.schema import dump_stored, load_stored
from frontdesk.sessions.scripts import WIDEST, Scripts
from frontdesk.sessions.sealing import Seal
from frontdesk.sessions.totals import dump_spent

CLAIM_S = 120

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Summary:
    """What was said before the window. It covers the session's first `turns` turns and has about
    `tokens` tokens; `at` is RFC 3339 UTC.
    """

    text: str
    turns: int
    at: str
    tokens: int


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to make a session's next summary, of the one `before` and the turns that have left
    the window since, oldest first; it covers the session's first `turns` turns.
    """

    owner: str
    session_id: str
    name: str
    turns: int
    before: Summary | None
    records: tuple[TurnRecord, ...]


class Summaries:
    """The summaries of all sessions, each in the session's own record."""

    def __init__(self, scripts: Scripts) -> None:
        self._scripts = scripts

    async def claim(self, owner: str, session_id: str) -> Claim | None:
        """Claims the next summary of a session for `CLAIM_S` seconds; None where no turn has left
        the window since the last one, or somebody else makes it.

        Raises:
            StoreUnavailable: Redis does not answer.
            StoreUnreadable: a key is missing for what is to be summed up; the claim goes on.
        """
        keys, name = OwnerKeys(owner), secrets.token_hex(8)
        parts = [keys.session(session_id, part) for part in ("meta", "turns")]
        answer = await self._scripts.run("claim", (parts, [name, CLAIM_S, WIDEST]))
        if not answer:
            return None
        (turns, before, elements), seal = answer, self._scripts.sealing.of(owner)
        known, records = read_summary(seal, before), read_turns(seal, elements)
        return Claim(owner, session_id, name, int(turns), known, records)

    async def keep(
        self,
        claim: Claim,
        summary: Summary | None,
        calls: Iterable[ModelCall],
        cost: Decimal | None,
    ) -> bool:
        """Keeps the summary, unless there is a newer one or the session was reset or forgotten;
        tells whether it did. What its making has used counts in any case. Without a summary the
        claim goes on until its end, so that the next try is not made at once.

        Raises:
            StoreUnavailable: Redis does not answer.
        """
        meta = OwnerKeys(claim.owner).session(claim.session_id, "meta")
        seal = self._scripts.sealing.of(claim.owner)
        data = seal.seal(dump_stored(summary)) if summary else b""
        told = [claim.name, claim.turns, data, dump_spent(calls, cost)]
        return bool(await self._scripts.run("summarise", ([meta], told)))


def read_summary(seal: Seal, stored: bytes | None) -> Summary | None:
    """The summary as it is stored, if there is one. One that is broken is none: it can be made
    again.

    Raises:
        StoreUnreadable: its key is missing.
    """
    try:
        return load_stored(Summary, seal.open(stored)) if stored else None
    except BrokenRecord:
        logger.error("summary.broken")
        return None
