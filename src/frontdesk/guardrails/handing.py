"""Calls that leave for the client's own tools, checked as an answer is."""

from functools import partial

from frontdesk.contract.arguments import changed, keys_of
from frontdesk.contract.context import Ledger
from frontdesk.contract.guardrails import Blocked, Verdict
from frontdesk.contract.turns import Item
from frontdesk.guardrails.chain import Guards


async def check_handed(guards: Guards, ledger: Ledger) -> None:
    """Leaves in the ledger the calls as they may leave: each text in their arguments redacted where
    the output of an agent would be.

    Raises:
        Blocked: something in them may not be shown; no call is left.
        GuardrailUnavailable: a check failed.
    """
    calls, ledger.handed = ledger.handed, []
    ledger.handed = [await _checked(call, guards, ledger) for call in calls]


async def _checked(call: Item, guards: Guards, ledger: Ledger) -> Item:
    check = partial(guards.answer, ledger=ledger)
    keys = "\n".join(keys_of(call["arguments"]))
    if await check(keys) != keys:  # a key that changes would be another call
        raise Blocked(Verdict("block", ""))
    return {**call, "arguments": await changed(call["arguments"], check)}
